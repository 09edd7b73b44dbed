"""What training only a proxy's k favourites would have found, in the study and in its replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .bootstrap import Resamples, range_estimate
from .report_card import TopK

__all__ = ["Found", "Places", "at_k", "found_by_top", "places_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The allocations of every replicate by truth, the best first, each array (resamples, allocations drawn).

    allocation: its index in the study. truth: how well it trained. place: its rank by truth, 1 the best;
    equal ones share the better place.
    """

    allocation: np.ndarray
    truth: np.ndarray
    place: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Precision, regret and best rank as ``TopK`` defines them, each (resamples,)."""

    precision: np.ndarray
    regret: np.ndarray
    best_rank: np.ndarray


def at_k(
    scores: np.ndarray, truth: np.ndarray, resamples: Resamples, ks: Sequence[int]
) -> tuple[tuple[TopK, ...], ...]:
    """For each proxy, what its top k find, for every k that there are allocations for.

    Ties among the proxy's scores are broken at random, and the expectation over that is exact. Ties in truth
    count for the proxy: an allocation is among the k best if fewer than k are strictly better, and tied ones
    share the better place. Raises ValueError where a k is below 1.

    Args:
        scores: (proxies, allocations), larger is better.
        truth: (allocations,), mean over seeds, larger is better.
        resamples: the study's replicates, for the intervals.
        ks: how many favourites are trained.
    """
    if any(k < 1 for k in ks):
        raise ValueError(f"ks={tuple(ks)} must be at least 1; training none finds nothing.")
    ks = [k for k in ks if k <= len(truth)]
    study = places_of(np.arange(len(truth))[None], truth[None])
    drawn = np.take_along_axis(resamples.truth[resamples.seed_set], resamples.draws, axis=1)
    replicates = places_of(resamples.draws, drawn)
    return tuple(_proxy_at_ks(row, study, replicates, ks) for row in scores)


def places_of(allocation: np.ndarray, truth: np.ndarray) -> Places:
    """Both (resamples, drawn), in any order, sorted by truth and given their places."""
    order = np.argsort(-truth, axis=1, kind="stable")
    ordered = np.take_along_axis(truth, order, axis=1)
    position = np.broadcast_to(np.arange(truth.shape[1]), truth.shape)
    worse = np.ones(truth.shape, dtype=bool)
    worse[:, 1:] = ordered[:, 1:] < ordered[:, :-1]
    place = 1 + np.maximum.accumulate(np.where(worse, position, 0), axis=1)
    return Places(np.take_along_axis(allocation, order, axis=1), ordered, place)


def found_by_top(scores: np.ndarray, places: Places, ks: Sequence[int]) -> list[Found]:
    """What the k highest scores find in each replicate, for each k; ties in score at their expectation.

    scores: (allocations,) of the study. Allocations above the score of the k-th are taken for sure; of those
    that are tied with it, as many as are left to take are drawn at random.
    """
    tier = stats.rankdata(scores, "dense").astype(np.int32)[places.allocation]
    order = np.argsort(-tier, axis=1, kind="stable")  # ties: the best by truth first
    tiers, truth, place = (
        np.take_along_axis(values, order, axis=1) for values in (tier, places.truth, places.place)
    )
    return [_found(tiers, truth, place, places.truth[:, 0], k) for k in ks]


def _found(tiers: np.ndarray, truth: np.ndarray, place: np.ndarray, best: np.ndarray, k: int) -> Found:
    """One k of ``found_by_top``; the first three are (resamples, drawn), by score, then by truth."""
    limit = tiers[:, k - 1, None]
    above, tied = (tiers > limit).sum(axis=1, keepdims=True), (tiers == limit).sum(axis=1, keepdims=True)
    end = int((above + tied).max())
    truth, place, position = truth[:, :end], place[:, :end], np.arange(end)
    taken, among = position < above, (position >= above) & (position < above + tied)
    chance = _chance_of_best(position - above, tied, k - above)
    sure_truth = np.where(taken, truth, -np.inf).max(axis=1, keepdims=True)
    sure_place = np.where(taken, place, tiers.shape[1]).min(axis=1, keepdims=True)
    inclusion = taken + among * ((k - above) / tied)
    return Found(
        precision=np.minimum(1.0, ((place <= k) * inclusion).sum(axis=1) / k),  # rounding alone goes beyond
        regret=np.maximum(0.0, (chance * (best[:, None] - np.maximum(truth, sure_truth))).sum(axis=1)),
        best_rank=np.maximum(1.0, (chance * np.minimum(place, sure_place)).sum(axis=1)),
    )


def _chance_of_best(j: np.ndarray, tied: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Chance that the best of ``drawn`` out of ``tied`` is the j-th best; 0 outside 0 <= j < tied.

    j: (resamples, positions), ascending; the others (resamples, 1). The j better ones are all passed
    over with probability prod_{i<j} (tied - drawn - i) / (tied - i), then j is drawn with drawn / (tied - j).
    """
    among = (j >= 0) & (j < tied)
    left = np.where(among, tied - j, 1)
    passed = np.where(among, (left - drawn).clip(min=0) / left, 1.0)
    chance = np.where(among, drawn / left, 0.0)
    chance[:, 1:] *= passed.cumprod(axis=1)[:, :-1]
    return chance


def _proxy_at_ks(
    scores: np.ndarray, study: Places, replicates: Places, ks: Sequence[int]
) -> tuple[TopK, ...]:
    """Points from the study, intervals from its replicates."""
    points, spreads = found_by_top(scores, study, ks), found_by_top(scores, replicates, ks)
    return tuple(
        TopK(
            k,
            precision=range_estimate(float(point.precision[0]), spread.precision),
            regret=range_estimate(float(point.regret[0]), spread.regret),
            best_rank=range_estimate(float(point.best_rank[0]), spread.best_rank),
        )
        for k, point, spread in zip(ks, points, spreads, strict=True)
    )
