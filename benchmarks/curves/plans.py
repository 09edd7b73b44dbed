"""Which allocations stand in a table: baselines, what proxies would pick, and chance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.contest import Contest
from search.allocation.random_allocation import random_allocation
from search.allocation.spend import spend
from search.allocation.uniform import uniform_allocation
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace

__all__ = ["plans_of"]


def plans_of(contest: Contest, number: int) -> list[Allocation]:
    """So many distinct allocations within the budget: uniform, uniform over q and v, each proxy's exact pick,
    then by turns random ones over all sites and over a random half of them."""
    found: dict[Allocation, None] = {}
    for plan in _candidates(contest):
        found[plan] = None
        if len(found) == number:
            break
    return list(found)


def _candidates(contest: Contest) -> Iterator[Allocation]:
    space, max_params = contest.space, contest.max_params
    yield uniform_allocation(space, max_params)
    some = tuple(site for site in space.sites if site.role in ("q", "v"))
    if some:
        yield uniform_allocation(SearchSpace(some, space.ranks), max_params)
    for table in contest.scores:
        yield spend(table, "exact", max_params=max_params)
    rng = np.random.default_rng(0)
    while True:
        yield random_allocation(space, max_params, rng=rng)
        half = np.sort(rng.choice(len(space.sites), size=max(1, len(space.sites) // 2), replace=False))
        part = SearchSpace(tuple(space.sites[i] for i in half), space.ranks)
        yield random_allocation(part, max_params, rng=rng)
