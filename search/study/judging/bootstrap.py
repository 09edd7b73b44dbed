"""How far a statistic would move in another study like this one: the bootstrap, and intervals made of it.

A *replicate* is the study as it might have been: as many allocations and seeds as it has, drawn from its own
with replacement. A statistic is taken of many replicates, and their spread says how sure its value is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .blocks import blocks
from .mean_truth import mean_over_seeds
from .report_card import Estimate

__all__ = [
    "Resamples",
    "correlation_estimate",
    "crossed_resamples",
    "difference_estimate",
    "normal_estimate",
    "range_estimate",
]

Z_95 = 1.959964


@dataclass(frozen=True, slots=True, eq=False)
class Resamples:
    """Replicates of a study.

    draws: (resamples, allocations), the indices of the allocations that each replicate drew. counts: the same
    as how often it drew each allocation, float32. truth: (seed sets, allocations), the mean truth over each
    set of seeds that any replicate drew, repeats and all. seed_set: (resamples,), the row of ``truth`` that a
    replicate uses.
    """

    draws: np.ndarray
    counts: np.ndarray
    truth: np.ndarray
    seed_set: np.ndarray

    def by_seed_set(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The mean truth (allocations,) over each set of seeds, and which replicates use it."""
        for row, truth in enumerate(self.truth):
            yield truth, np.flatnonzero(self.seed_set == row)


def crossed_resamples(
    truth: np.ndarray,
    strata: np.ndarray,
    clusters: np.ndarray | None = None,
    *,
    resamples: int,
    rng: np.random.Generator,
) -> Resamples:
    """Replicates that draw allocations and, independently, seeds, both with replacement.

    All allocations of a replicate share its seeds, as they share random numbers in training. Source: the
    pigeonhole bootstrap, Owen, Annals of Applied Statistics 1 (2007); it errs, if at all, towards wide
    intervals. Raises ValueError for fewer than 2 resamples.

    Args:
        truth: (allocations, seeds), finite.
        strata, clusters: (allocations,), integers, as for ``blocks``; what is drawn is a cluster with all its
            members, as many from each block as it has, and so from each stratum.
        resamples: how many replicates.
        rng: of the draws.
    """
    if resamples < 2:
        raise ValueError(f"resamples={resamples} gives no interval; use at least 2, or 2000 for a report.")
    allocations, seeds = truth.shape
    draws = np.empty((resamples, allocations), dtype=np.intp)
    for block in blocks(strata, clusters):
        draws[:, block] = block[rng.integers(len(block), size=(resamples, len(block)))]
    cells = draws + allocations * np.arange(resamples)[:, None]
    counts = np.bincount(cells.ravel(), minlength=draws.size).reshape(draws.shape).astype(np.float32)
    drawn = np.sort(rng.integers(seeds, size=(resamples, seeds)), axis=1)
    sets, seed_set = np.unique(drawn, axis=0, return_inverse=True)
    return Resamples(draws, counts, mean_over_seeds(truth, sets), seed_set.reshape(-1))


def correlation_estimate(value: float | None, replicates: np.ndarray, allocations: int) -> Estimate:
    """A correlation with its interval: 1.96 standard deviations of Fisher's z of it to either side.

    replicates: (resamples,), NaN where undefined. Their percentiles would be biased towards 0, since a
    replicate's seeds, some drawn twice, hold more noise than the study's. z = atanh is infinite at 1, so
    correlations are cut at 1 - 6 / (n^3 - n) before, half the step from 1 to the next Spearman correlation of
    n allocations. The interval always holds the value.
    """
    defined = replicates[np.isfinite(replicates)]
    if value is None or len(defined) < 2:
        return Estimate(value, None, None)
    limit = 1 - 6 / (allocations**3 - allocations)
    centre = math.atanh(min(max(value, -limit), limit))
    margin = Z_95 * float(np.arctanh(defined.clip(-limit, limit)).std(ddof=1))
    return Estimate(value, min(value, math.tanh(centre - margin)), max(value, math.tanh(centre + margin)))


def difference_estimate(value: float | None, replicates: np.ndarray) -> Estimate:
    """A difference of two correlations with its normal interval: the value and the bootstrap's error.

    replicates: (resamples,) of the difference, both sides on the same draws; NaN where undefined.
    """
    estimate = normal_estimate(value, replicates)
    if estimate.low is None or estimate.high is None:
        return estimate
    return Estimate(value, max(-2.0, estimate.low), min(2.0, estimate.high))


def normal_estimate(value: float | None, replicates: np.ndarray) -> Estimate:
    """A statistic without bounds: the value, 1.96 standard deviations of its replicates to either side."""
    defined = replicates[np.isfinite(replicates)]
    if value is None or len(defined) < 2:
        return Estimate(value, None, None)
    margin = Z_95 * float(defined.std(ddof=1))
    return Estimate(value, value - margin, value + margin)


def range_estimate(value: float, replicates: np.ndarray) -> Estimate:
    """A statistic with the 2.5 and 97.5 percentiles of its replicates, widened to hold the value."""
    low, high = np.percentile(replicates, [2.5, 97.5])
    return Estimate(value, min(value, float(low)), max(value, float(high)))
