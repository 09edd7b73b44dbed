"""How well the truth agrees with itself: no proxy can be asked for more."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice
from math import comb

import numpy as np

from search.statistics.rank_correlation import rank_correlation

from .correlation import weighted_spearman
from .mean_truth import mean_over_seeds

__all__ = ["ceiling_replicates", "reliability"]

MOST_SPLITS = 200
_SPLITS_PER_REPLICATE = 20


def reliability(truth: np.ndarray, *, rng: np.random.Generator) -> float | None:
    """How well the mean truth over all seeds would be repeated by other seeds, in [0, 1].

    Its square root is the noise ceiling: the correlation with this mean that the true order of the
    allocations has on average, so no proxy can be asked for more.

    truth: (allocations, seeds), finite. The seeds are split into two halves of h = S // 2, and Spearman's
    correlation r between the two means is averaged over all splits, or 200 random ones where there are more.
    That is the reliability of h seeds; of S = k h seeds it is k r / (1 + (k - 1) r); negative agreement gives
    0. None with one seed or fewer than 3 allocations, or where every half is constant. Source: Spearman and
    Brown, British Journal of Psychology 3 (1910); meant for Pearson's r, and close for ranks.

    >>> truth = np.array([[0.1, 0.2, 0.1], [0.5, 0.4, 0.6], [0.7, 0.9, 0.8]])
    >>> reliability(truth, rng=np.random.default_rng(0))
    1.0
    """
    seeds: int = truth.shape[1]
    agreements = []
    for one, other in _splits(seeds, rng):
        left, right = mean_over_seeds(truth, np.stack([one, other]))
        agreement = rank_correlation(left.tolist(), right.tolist())
        if agreement is not None:
            agreements.append(agreement)
    if not agreements:
        return None
    return float(_stepped_up(np.array(sum(agreements) / len(agreements)), seeds))


def ceiling_replicates(truth: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The noise ceiling with every allocation counted as often as a replicate drew it, (resamples,).

    truth: (allocations, seeds), at least two seeds. counts: (resamples, allocations). Seeds are those of the
    study: one that is drawn twice would agree with itself. NaN where a replicate is constant. At most 20
    splits are averaged.
    """
    splits = islice(_splits(truth.shape[1], np.random.default_rng(0)), _SPLITS_PER_REPLICATE)
    halves = [mean_over_seeds(truth, np.stack(split)) for split in splits]
    agreements = [weighted_spearman(counts, left, right) for left, right in halves]
    ceilings: np.ndarray = np.sqrt(_stepped_up(np.mean(agreements, axis=0), truth.shape[1]))
    return ceilings


def _stepped_up(agreement: np.ndarray, seeds: int) -> np.ndarray:
    """Reliability of the mean over all seeds, from the agreement of halves; in [0, 1]."""
    mean, step = np.maximum(0.0, agreement), seeds / (seeds // 2)
    reliable: np.ndarray = np.minimum(1.0, step * mean / (1 + (step - 1) * mean))
    return reliable


def _splits(seeds: int, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of disjoint halves of seeds // 2 seeds each: all of them, or random ones."""
    half = seeds // 2
    if half == 0:
        return
    if comb(seeds, half) * comb(seeds - half, half) // 2 > MOST_SPLITS:
        for _ in range(MOST_SPLITS):
            order = rng.permutation(seeds)
            yield order[:half], order[half : 2 * half]
        return
    for one in combinations(range(seeds), half):
        for other in combinations(sorted(set(range(seeds)) - set(one)), half):
            if one < other:
                yield np.array(one), np.array(other)
