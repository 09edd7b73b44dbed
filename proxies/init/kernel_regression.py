"""KERNEL-REGRESSION: what all wires of an allocation together, linearised, tell of rows they did not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import isotonic_regression

from proxies.measure.evidence import Evidence
from proxies.measure.row_kernels import RowKernels
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores
from spaces.errors import InputError
from spaces.search_space import SearchSpace

__all__ = ["KERNEL_REGRESSION", "KernelError"]

_RIDGE: Final = 1.0  # of the mean of a row's kernel with itself
_TINY: Final = 1e-30  # where no row has a gradient


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""The share of the losses of unseen rows that all wires of an allocation together account for, by ridge
    regression in their neural tangent kernel. More is better; sites that say the same are worth little beside
    each other, and a unit of rank is worth less the more there are. Negative where a site does harm.

    .. math:: s = 1 - \frac{E(K)}{E(0)}, \qquad K = \sum_{\text{sites}} r \, \phi^2 K_{\text{site}}, \qquad
       E(K) = \operatorname{mean}_{j \text{ held}} \left( L_j - K_{j \cdot} (K + \lambda I)^{-1} L \right)^2

    L are the losses of the rows, each row's own; the kernel of a site is the mean over the rows of the
    initial A of the inner products between rows' gradients of B, and phi the wire's factor at ``init``'s
    rank. Every second row is held, then the others. The ridge is the mean diagonal of K, so that the size
    of K, by which wires learn fast or slowly, makes no difference, and what it tells apart does.

    An allocation is worth its own s (``SiteScores.together``). By rank stands what each step adds on the way
    from nothing on to everything: again and again, the rank with the steepest slope of s per parameter.

    Source: Jacot et al., arXiv:1806.07572, for the kernel; a score by it, of whole networks, Xu et al., KNAS,
    arXiv:2111.13293. Departures: the gradients are of losses, not outputs, so that it is the same for every
    objective: for two classes the same regression, of the label, each row weighted by how far off it is. The
    gradient of A is 0 where B is. The factor is the same at every rank, so that rank changes capacity and
    nothing else; what the head learns is left out. d_out is sketched (``row_kernels``). Cost: a forward and
    backward of up to 256 rows, and milliseconds for each allocation. Raises InputError on fewer than two
    rows.
    """
    kernels = evidence.row_kernels
    if len(kernels.losses) < 2:
        raise InputError(f"proxy {name} holds rows and was given one; give it more, or leave it out.")
    error = KernelError.of(kernels, _factors(evidence), evidence.space.highest)
    by_rank = _path(error, evidence.space)
    return SiteScores(name, "init", evidence.space, by_rank[:, -1].copy(), by_rank, together=error.worths)


def _factors(evidence: Evidence) -> np.ndarray:
    """Of the wires at ``init``'s rank, squared: (sites,)."""
    rank, factor = evidence.initial_rank, evidence.scaling.factor
    return np.array([factor(site.kind, rank(site)) ** 2 for site in evidence.space.sites])


@dataclass(frozen=True, slots=True, eq=False)
class KernelError:
    """The error of kernel ridge regression on rows that were not seen, as a function of all sites' ranks.

    kernels: (sites, rows, rows) at rank 1, float32. losses: (rows,). highest: (sites,), the rank beyond which
    a site's kernel grows no more.
    """

    kernels: np.ndarray
    losses: np.ndarray
    highest: np.ndarray

    @classmethod
    def of(cls, kernels: RowKernels, factors: np.ndarray, highest: np.ndarray) -> KernelError:
        """factors: (sites,), of the kernels."""
        return cls(kernels.of_sites * factors.astype(np.float32)[:, None, None], kernels.losses, highest)

    def worths(self, ranks: np.ndarray) -> np.ndarray:
        """The share of the error at nothing on that is gone: (allocations, sites) -> (allocations,)."""
        return np.array([1 - self.error(row) / self.nothing for row in ranks])

    @property
    def nothing(self) -> float:
        """The error where nothing is on."""
        return float(np.mean(self.losses**2))

    def error(self, ranks: np.ndarray) -> float:
        """At these ranks of the sites, (sites,)."""
        return self._error(self._folds(ranks)) if ranks.any() else self.nothing

    def at(self, ranks: np.ndarray) -> tuple[float, np.ndarray]:
        """The error, and its slope by each site's rank: (sites,); where nothing is on, what a first rank of
        each site would change.
        """
        if not ranks.any():
            one_on = np.eye(len(self.kernels))
            return self.nothing, np.array([self.error(one) - self.nothing for one in one_on])
        folds = self._folds(ranks)
        return self._error(folds), np.sum([self._slope(fold) for fold in folds], axis=0)

    def _folds(self, ranks: np.ndarray) -> list[_Fold]:
        kernel = np.tensordot(np.minimum(ranks, self.highest).astype(np.float32), self.kernels, 1)
        rows = np.arange(len(self.losses))
        return [_Fold.of(kernel.astype(np.float64), self.losses, rows % 2 == held) for held in (0, 1)]

    def _error(self, folds: Sequence[_Fold]) -> float:
        """The mean over all rows, to which each fold adds what it holds."""
        return sum(float(np.sum(fold.residual**2)) / len(fold.held) for fold in folds)

    def _slope(self, fold: _Fold) -> np.ndarray:
        """What a fold adds to the slope of that, (sites,)."""
        held, left, right = fold.held, np.zeros(len(fold.held)), np.zeros(len(fold.held))
        pulled = cho_solve(fold.factor, fold.across.T @ fold.residual)
        right[~held], left[held], left[~held] = fold.weights, fold.residual, -pulled
        ridges = _RIDGE * np.einsum("sii->si", self.kernels)[:, ~held].mean(1)
        slopes = (self.kernels @ right.astype(np.float32)) @ left - ridges * (pulled @ fold.weights)
        found: np.ndarray = -2 * slopes / len(held)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Fold:
    """The regression of the rows that are not held, and what it leaves of those that are.

    held: (rows,) bool. factor: of the kernel of the others with its ridge, as ``cho_factor`` gives it.
    across: the kernel between the two. weights: of the others. residual: of the held.
    """

    held: np.ndarray
    factor: tuple[np.ndarray, bool]
    across: np.ndarray
    weights: np.ndarray
    residual: np.ndarray

    @classmethod
    def of(cls, kernel: np.ndarray, losses: np.ndarray, held: np.ndarray) -> _Fold:
        """kernel: (rows, rows) float64, of all sites together. losses: (rows,)."""
        seen, across = kernel[np.ix_(~held, ~held)], kernel[np.ix_(held, ~held)]
        ridge = max(_RIDGE * float(np.diag(seen).mean()), _TINY)
        factor = cho_factor(seen + ridge * np.eye(len(seen)))
        weights = cho_solve(factor, losses[~held])
        return cls(held, factor, across, weights, losses[held] - across @ weights)


def _path(error: KernelError, space: SearchSpace) -> np.ndarray:
    """What all ranks up to each add, (sites, ranks), raised in turn, the steepest slope per parameter first.

    Where a step is worth more per parameter than one before it, both count for their mean, so that who spends
    by that goes the same way.
    """
    grid, cost = np.array(space.ranks), np.array([site.cost_per_rank for site in space.sites])
    columns, last = np.zeros(len(cost), dtype=np.int64), np.searchsorted(grid, space.highest)
    found, slope = error.at(grid[columns])
    taken, errors = list[tuple[int, int]](), [found]
    for _ in range(int(last.sum())):
        site = int(np.where(columns < last, -slope / cost, -np.inf).argmax())
        columns[site] += 1
        found, slope = error.at(grid[columns])
        taken.append((site, int(columns[site])))
        errors.append(found)
    steps, places = np.diff(grid, prepend=0), tuple(np.array(taken).T)
    prices = cost[places[0]] * steps[places[1]]
    rates = isotonic_regression(-np.diff(errors) / prices, weights=prices, increasing=False).x
    gained = np.zeros((len(cost), len(grid)))
    gained[places] = rates * prices / errors[0]
    return np.cumsum(gained, axis=1)


KERNEL_REGRESSION = Proxy("kernel_regression", "init", _measure)
