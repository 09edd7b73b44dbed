"""The allocators by name: each turns the scores of all sites into one allocation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import numpy as np

from proxies.site_scores import SiteScores
from spaces.allocation import Allocation
from spaces.unknown_name import row_named

from .exact import exact_allocation
from .greedy import greedy_allocation
from .random_allocation import random_allocation
from .topk import topk_allocation
from .uniform import uniform_allocation

__all__ = ["ALLOCATORS", "SCORE_FREE", "Allocator", "find_allocator"]


class Allocator(Protocol):
    """Anything that spends a budget: an allocation of ``scores.space`` within ``max_params`` parameters.

    Raises UsageError where the budget is below the cheapest site.
    """

    def __call__(self, scores: SiteScores, *, max_params: int, rng: np.random.Generator) -> Allocation: ...


def _uniform(scores: SiteScores, *, max_params: int, rng: np.random.Generator) -> Allocation:
    """``uniform_allocation`` as an Allocator; it needs of the scores only their space, and no chance."""
    return uniform_allocation(scores.space, max_params)


def _random(scores: SiteScores, *, max_params: int, rng: np.random.Generator) -> Allocation:
    """``random_allocation`` as an Allocator; it needs of the scores only their space."""
    return random_allocation(scores.space, max_params, rng=rng)


ALLOCATORS: Final[Mapping[str, Allocator]] = {
    "uniform": _uniform,
    "random": _random,
    "topk": topk_allocation,
    "greedy": greedy_allocation,
    "exact": exact_allocation,
}

SCORE_FREE: Final = frozenset({"uniform", "random"})  # the same whatever the proxy


def find_allocator(name: str) -> Allocator:
    """The allocator of that name; raises UsageError on an unknown one."""
    return row_named("allocator", name, ALLOCATORS)
