"""KERNEL-REGRESSION: what all wires of an allocation together, linearised, tell of rows they did not see."""

from __future__ import annotations

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
        return np.array([1 - self.at(row)[0] / self.nothing for row in ranks])

    @property
    def nothing(self) -> float:
        """The error where nothing is on."""
        return float(np.mean(self.losses**2))

    def at(self, ranks: np.ndarray) -> tuple[float, np.ndarray]:
        """The error, and its slope by each site's rank: (sites,); where nothing is on, what a first rank of
        each site would change.
        """
        if not ranks.any():
            one_on = np.eye(len(self.kernels))
            return self.nothing, np.array([self.at(one)[0] - self.nothing for one in one_on])
        kernel = np.tensordot(np.minimum(ranks, self.highest).astype(np.float32), self.kernels, 1)
        kernel = kernel.astype(np.float64)
        rows = np.arange(len(self.losses))
        folds = [self._fold(kernel, rows % 2 == held) for held in (0, 1)]
        return sum(error for error, _ in folds), np.sum([slope for _, slope in folds], axis=0)

    def _fold(self, kernel: np.ndarray, held: np.ndarray) -> tuple[float, np.ndarray]:
        """What the rows that are held add to the mean over all rows, and to its slope."""
        seen, across = kernel[np.ix_(~held, ~held)], kernel[np.ix_(held, ~held)]
        ridge = max(_RIDGE * float(np.diag(seen).mean()), _TINY)
        factor = cho_factor(seen + ridge * np.eye(len(seen)))
        weights, left, right = cho_solve(factor, self.losses[~held]), np.zeros(len(held)), np.zeros(len(held))
        residual = self.losses[held] - across @ weights
        pulled = cho_solve(factor, across.T @ residual)
        right[~held], left[held], left[~held] = weights, residual, -pulled
        ridges = _RIDGE * np.einsum("sii->si", self.kernels)[:, ~held].mean(1)
        slopes = (self.kernels @ right.astype(np.float32)) @ left - ridges * (pulled @ weights)
        return float(np.sum(residual**2)) / len(held), -2 * slopes / len(held)


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
