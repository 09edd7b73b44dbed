"""Correlations of a proxy with the truth: of the study itself, and of all its replicates at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from threadpoolctl import threadpool_limits

from .bootstrap import Resamples

__all__ = [
    "Replicates",
    "kendall",
    "partial_replicates",
    "partial_spearman",
    "pearson_of",
    "replicate_correlations",
    "weighted_spearman",
]

_ROWS = 128  # of a matrix of signs that are held at once


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """Correlations in every replicate, each (proxies, resamples); NaN where a side is constant."""

    spearman: np.ndarray
    kendall: np.ndarray
    pearson: np.ndarray


def kendall(x: np.ndarray, y: np.ndarray) -> float | None:
    """Kendall's tau-b in [-1, 1]; None from fewer than 3 points or where one side is constant."""
    if _undefined(x, y):
        return None
    return float(stats.kendalltau(x, y, method="asymptotic").statistic)


def pearson_of(x: np.ndarray, y: np.ndarray) -> float | None:
    """Pearson's correlation in [-1, 1]; None from fewer than 3 points or where one side is constant."""
    if _undefined(x, y):
        return None
    left, right = _centred(x), _centred(y)
    return float(stats.pearsonr(left, right).statistic) if left.any() and right.any() else None


def partial_spearman(xy: float | None, xz: float | None, yz: float | None) -> float | None:
    """Spearman's correlation of x and y given z, from the three of the pairs.

    None where one is undefined, or where z orders x or y completely. Source: the first-order partial
    correlation, (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2)(1 - r_yz^2)), on ranks.
    """
    if xy is None or xz is None or yz is None:
        return None
    partial = float(partial_replicates(*map(np.array, (xy, xz, yz))))
    return partial if np.isfinite(partial) else None


def partial_replicates(xy: np.ndarray, xz: np.ndarray, yz: np.ndarray) -> np.ndarray:
    """``partial_spearman`` of many, all of one shape, NaN where undefined."""
    free = (1 - xz**2) * (1 - yz**2)
    defined = free >= 1e-12
    partial = np.clip((xy - xz * yz) / np.sqrt(np.where(defined, free, 1.0)), -1, 1)
    return np.where(defined, partial, np.nan)


def weighted_spearman(counts: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman of x and y (allocations,) in every replicate, (resamples,); NaN where a side is constant.

    counts: (resamples, allocations), how often each was drawn, float32.
    """
    return _weighted(counts, _Order.of(x).ranks(counts), _Order.of(y).ranks(counts))


def replicate_correlations(scores: np.ndarray, resamples: Resamples) -> Replicates:
    """All three correlations of every proxy with the truth in every replicate, without sorting any.

    scores: (proxies, allocations), finite. With c the counts of a replicate and s[i, j] the sign of
    x[i] - x[j], the centred mid-rank of allocation i in the replicate is (s c)[i] / 2: Spearman is the
    correlation of these, weighted by c, and tau-b is the sum of c[i] c[j] s_x[i, j] s_y[i, j] over the root
    of the products of those of |s_x| and |s_y|. float32 holds these integers exactly below 4096 allocations.

    Time: proxies x resamples x allocations, and for tau-b alone that times allocations. Memory: a few arrays
    of (resamples, allocations), however many proxies there are.
    """
    counts, orders = resamples.counts, [_Order.of(row) for row in scores]
    ranks, pairs = np.empty_like(counts), np.empty(len(counts))
    both = np.empty((len(scores), len(counts)))
    with threadpool_limits(1, "blas"):  # in products this small, threads mostly wait for each other
        for truth, rows in resamples.by_seed_set():
            order, drawn = _Order.of(truth), counts[rows]
            ranks[rows], pairs[rows] = order.ranks(drawn), order.pairs(drawn)
            both[:, rows] = _agreements(orders, order, drawn)
    spearman = np.stack([_weighted(counts, order.ranks(counts), ranks) for order in orders])
    untied = np.stack([order.pairs(counts) for order in orders]) * pairs
    tau = np.divide(both, np.sqrt(untied), out=np.full_like(both, np.nan), where=untied > 0)
    return Replicates(spearman, tau, _pearsons(scores, resamples))


def _undefined(x: np.ndarray, y: np.ndarray) -> bool:
    return len(x) < 3 or bool((x == x[0]).all() or (y == y[0]).all())


def _centred(values: np.ndarray) -> np.ndarray:
    """Values minus their mean, over the largest deviation, so that no square overflows or underflows.

    Zeros where no deviation exceeds rounding.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0:
        return np.zeros_like(values)
    centred: np.ndarray = values / largest - (values / largest).mean()
    spread = float(np.abs(centred).max())
    return centred / spread if spread > 1e-14 else np.zeros_like(values)


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """Values by size.

    tier: (allocations,) float32, 0 for the least, ties the same. order: (allocations,), indices, ascending.
    start, end: of each allocation's tier among them, (allocations,).
    """

    tier: np.ndarray
    order: np.ndarray
    start: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> _Order:
        _, tier, sizes = np.unique(values, return_inverse=True, return_counts=True)
        ends = sizes.cumsum()
        order = np.argsort(tier, kind="stable")
        return cls(tier.astype(np.float32), order, (ends - sizes)[tier], ends[tier])

    def ranks(self, counts: np.ndarray) -> np.ndarray:
        """How many draws lie below each allocation minus how many above, float32, as ``counts``: s c."""
        sums = self._sums(counts)
        ranks: np.ndarray = (sums[:, self.start] + sums[:, self.end] - sums[:, -1:]).astype(np.float32)
        return ranks

    def pairs(self, counts: np.ndarray) -> np.ndarray:
        """How many ordered pairs of draws are not tied, (resamples,): the sum of c[i] c[j] |s[i, j]|."""
        sums = self._sums(counts)
        bounds = np.append(np.unique(self.start), len(self.order))
        tied = (np.diff(sums[:, bounds], axis=1).astype(np.float64) ** 2).sum(axis=1)
        pairs: np.ndarray = sums[:, -1].astype(np.float64) ** 2 - tied
        return pairs

    def signs(self, rows: slice, columns: slice) -> np.ndarray:
        """A part of the matrix s, float32."""
        apart: np.ndarray = self.tier[rows, None] - self.tier[columns]
        np.clip(apart, -1, 1, out=apart)
        return apart

    def _sums(self, counts: np.ndarray) -> np.ndarray:
        """Draws of the k least, for k from 0: (resamples, allocations + 1), int32."""
        sums = np.zeros((len(counts), counts.shape[1] + 1), dtype=np.int32)
        np.cumsum(counts[:, self.order], axis=1, out=sums[:, 1:], dtype=np.int32)
        return sums


def _agreements(orders: Sequence[_Order], truth: _Order, counts: np.ndarray) -> np.ndarray:
    """Pairs of draws that proxy and truth order alike minus those they do not: (proxies, resamples).

    Some rows of the matrix of signs at a time, so that they stay in the processor's cache, and only up to its
    diagonal, since it is symmetric: what is left of their square block counts twice.
    """
    found = np.zeros((len(orders), len(counts)))
    for first in range(0, counts.shape[1], _ROWS):
        rows, upto = slice(first, first + _ROWS), slice(first + _ROWS)
        weights = counts[:, upto].copy()
        weights[:, :first] *= 2
        of_truth = truth.signs(rows, upto)
        for place, proxy in enumerate(orders):
            signs = proxy.signs(rows, upto)
            signs *= of_truth
            found[place] += np.einsum("nr,rn->r", signs @ weights.T, counts[:, rows], dtype=np.float64)
    return found


def _weighted(counts: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Correlation of each row of x with that of y, both of weighted mean 0; NaN where one is 0."""
    xx, xy, yy = (
        (counts * one * other).sum(axis=1, dtype=np.float64) for one, other in ((x, x), (x, y), (y, y))
    )
    scale = np.sqrt(xx * yy)
    correlation: np.ndarray = np.divide(xy, scale, out=np.full_like(xy, np.nan), where=scale > 0)
    return correlation


def _pearsons(scores: np.ndarray, resamples: Resamples) -> np.ndarray:
    """Pearson's correlation of every proxy in every replicate, (proxies, resamples), from moments."""
    counts = resamples.counts.astype(np.float64)
    x = np.stack([_centred(row) for row in scores])
    y = np.stack([_centred(row) for row in resamples.truth])[resamples.seed_set]
    size, weighted = max(1, x.shape[1]), counts * y
    mean_x, mean_y = x @ counts.T / size, weighted.sum(axis=1) / size
    var_x = (x**2) @ counts.T / size - mean_x**2
    var_y = (weighted * y).sum(axis=1) / size - mean_y**2
    covariance = x @ weighted.T / size - mean_x * mean_y
    defined = (var_x > 1e-12) & (var_y > 1e-12)
    scale = np.sqrt(np.where(defined, var_x * var_y, 1.0))
    return np.where(defined, np.clip(covariance / scale, -1, 1), np.nan)
