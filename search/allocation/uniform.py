"""The baseline: every site at the same rank."""

from __future__ import annotations

import numpy as np

from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.search_space import SearchSpace

__all__ = ["uniform"]


def uniform(space: SearchSpace, max_params: int) -> Allocation:
    """As uniform as ``max_params`` parameters allow: every site at rank floor(u), u = budget / cost per rank.

    What is left of the budget raises as many sites as it can by one rank, spread evenly over the
    network, so that the baseline spends what the others spend. Ranks need not be of the grid. Where
    u < 1 that means rank 1 at evenly spread sites.

    Raises UsageError where no site fits at rank 1.
    """
    largest = min(site.max_rank for site in space.sites)
    rank = min(max_params // space.params_per_rank, largest)
    ranks = np.full(len(space.sites), rank)
    if rank < largest:
        ranks[_spread(space, max_params - rank * space.params_per_rank)] += 1
    if not ranks.any():
        cheapest = min(space.sites, key=lambda site: site.cost_per_rank)
        raise UsageError(
            f"max_params={max_params:,} is too small: one unit of rank at the cheapest site, "
            f"{cheapest.name}, needs {cheapest.cost_per_rank:,}. Raise the budget to at least that."
        )
    return space.allocation(ranks)


def _spread(space: SearchSpace, params: int) -> np.ndarray:
    """Indices of as many sites as ``params`` raise by one rank, the middles of equal stretches."""
    per_rank = np.array([site.cost_per_rank for site in space.sites], dtype=np.int64)
    for count in range(len(per_rank), 0, -1):
        chosen = (2 * np.arange(count) + 1) * len(per_rank) // (2 * count)
        if per_rank[chosen].sum() <= params:
            return chosen
    cheapest = np.array([per_rank.argmin()])  # the middle site alone may be dearer than the budget
    return cheapest if per_rank[cheapest[0]] <= params else np.array([], dtype=np.int64)
