"""Correlations of a proxy with the truth: of the study itself, and of all its replicates at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from .bootstrap import Resamples

__all__ = [
    "Replicates",
    "kendall",
    "partial_replicates",
    "partial_spearman",
    "pearson",
    "replicate_correlations",
    "weighted_spearman",
]


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


def pearson(x: np.ndarray, y: np.ndarray) -> float | None:
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
    return _weighted(counts, counts @ _signs(x), counts @ _signs(y))


def replicate_correlations(scores: np.ndarray, resamples: Resamples) -> Replicates:
    """All three correlations of every proxy with the truth in every replicate, without sorting any.

    scores: (proxies, allocations), finite. With c the counts of a replicate and s[i, j] the sign of
    x[i] - x[j], the centred mid-rank of allocation i in the replicate is (s c)[i] / 2: Spearman is the
    correlation of these, weighted by c, and tau-b is the sum of c[i] c[j] s_x[i, j] s_y[i, j] over the root
    of the products of those of |s_x| and |s_y|. float32 holds these integers exactly below 4096 allocations.
    """
    counts, signs = resamples.counts, np.stack([_signs(row) for row in scores])
    ranks = np.empty_like(counts)
    pairs = np.empty(len(counts))
    both = np.empty((len(scores), len(counts)))
    wide = (signs.shape[1], signs.shape[0] * signs.shape[1])
    for truth, rows in resamples.by_seed_set():
        drawn, of_truth = counts[rows], _signs(truth)
        ranks[rows] = drawn @ of_truth
        pairs[rows] = _pairs(drawn, np.abs(of_truth))
        side_by_side = (signs * of_truth).transpose(1, 0, 2).reshape(wide)  # one large product, not many
        sums = (drawn @ side_by_side).reshape(len(rows), *signs.shape[:2])
        both[:, rows] = np.einsum("rpn,rn->pr", sums, drawn, dtype=np.float64)
    spearman = np.stack([_weighted(counts, counts @ of_proxy, ranks) for of_proxy in signs])
    untied = np.stack([_pairs(counts, np.abs(of_proxy)) for of_proxy in signs]) * pairs
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


def _signs(values: np.ndarray) -> np.ndarray:
    """Sign of values[i] - values[j], float32, (allocations, allocations); of ranks, which do not overflow."""
    ranks = stats.rankdata(values)
    signs: np.ndarray = np.sign(ranks[:, None] - ranks).astype(np.float32)
    return signs


def _pairs(counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum of c[i] c[j] weights[i, j], one per row c of counts."""
    sums: np.ndarray = ((counts @ weights) * counts).sum(axis=1, dtype=np.float64)
    return sums


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
