"""How often chance alone ranks the allocations as well as a proxy does."""

from __future__ import annotations

import numpy as np
from scipy import stats

from .blocks import blocks

__all__ = ["permutation_p_values"]


def permutation_p_values(
    scores: np.ndarray,
    truth: np.ndarray,
    strata: np.ndarray,
    clusters: np.ndarray | None = None,
    *,
    rng: np.random.Generator,
    permutations: int = 9999,
    at_once: int = 500,
) -> np.ndarray:
    """Two-sided p-value of each proxy's Spearman correlation with the truth, shape (proxies,).

    If a proxy knew nothing, any order of the truths would be as likely as the one that was seen. So the
    truths are shuffled, the same way for every proxy, and the p-value is (1 + hits) / (1 + permutations), a
    hit being a correlation at least as far from 0 as the one that was seen; a constant side gets 1. It is
    what ``scipy.stats.permutation_test`` does with pairings, for all proxies in one product of matrices.
    Truths change places within their ``blocks`` only, where they are exchangeable, so the test is exact.
    Time: permutations x allocations x proxies.

    Args:
        scores: (proxies, allocations).
        truth: (allocations,).
        strata, clusters: (allocations,), integers, as for ``blocks``.
        rng: of the shuffles.
        permutations: how many shuffles.
        at_once: how many of them are in memory; it changes nothing else.
    """
    ranks = _centred_ranks(scores)
    of_truth = _centred_ranks(truth)
    products = np.zeros((permutations, len(ranks)))
    for block in blocks(strata, clusters):
        own = ranks[:, block.ravel()].T
        for first in range(0, permutations, at_once):
            some = products[first : first + at_once]
            order = rng.permuted(np.tile(np.arange(len(block)), (len(some), 1)), axis=1)
            some += of_truth[block[order]].reshape(len(some), -1) @ own
    observed = np.abs(ranks @ of_truth)
    hits = (np.abs(products) >= observed).sum(axis=0)
    p_values: np.ndarray = (1 + hits) / (1 + permutations)
    return p_values


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    """Mid-ranks minus their mean along the last axis: multiples of 1/2, whose products add up exactly."""
    centred: np.ndarray = stats.rankdata(values, axis=-1) - (values.shape[-1] + 1) / 2
    return centred
