"""Spending a budget by the name of an allocator, as every proposer of a run does."""

from __future__ import annotations

import reprlib
import zlib
from numbers import Integral

import numpy as np

from proxies.site_scores import SiteScores
from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.printable import printable

from .registry import SCORE_FREE, find_allocator
from .repair import filled

__all__ = ["chance_of", "spend"]


def chance_of(seed: int, proposer: str) -> np.random.Generator:
    """What a proposer draws from: of its own name and the seed, whoever else proposes."""
    return np.random.default_rng([seed, zlib.crc32(proposer.encode())])


def spend(scores: SiteScores, allocator: str, *, max_params: int, seed: int = 0) -> Allocation:
    """The allocation that an allocator makes of scores, the rest of the budget spent too.

    Args:
        scores: of the sites that may get rank, at the ranks of their grid.
        allocator: its name in ``ALLOCATORS``.
        max_params: the budget, in parameters.
        seed: of what is drawn: ties, and where the rest goes.

    Raises UsageError on an unknown allocator, a seed below 0, and a budget below the cheapest site.
    """
    choose = find_allocator(allocator)
    if not isinstance(seed, Integral):
        raise UsageError(f"`seed={printable(reprlib.repr(seed))}` must be a whole number.")
    if seed < 0:
        raise UsageError(f"`seed={seed}` must be at least 0.")
    if allocator in SCORE_FREE:
        return choose(scores, max_params=max_params, rng=chance_of(seed, allocator))
    rng = chance_of(seed, f"{scores.proxy}/{allocator}")
    return filled(choose(scores, max_params=max_params, rng=rng), scores.space, max_params, rng=rng)
