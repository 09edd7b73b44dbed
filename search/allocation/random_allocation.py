"""The other baseline: random ranks."""

from __future__ import annotations

import numpy as np

from spaces.allocation import Allocation
from spaces.search_space import SearchSpace

from .repair import check_affordable, repair

__all__ = ["random_allocation", "random_ranks"]


def random_allocation(space: SearchSpace, max_params: int, *, rng: np.random.Generator) -> Allocation:
    r"""``random_ranks`` of the space, repaired to fill ``max_params`` parameters.

    .. math:: r_{\text{site}} \sim U(\text{grid}), \quad
       \text{then steps of the grid at random sites until the budget is filled}

    Source: random search, Li and Talwalkar, arXiv:1902.07638, is the baseline of any architecture search.
    Raises UsageError where no site fits at the lowest rank of the grid.
    """
    check_affordable(space, max_params)
    return space.allocation(repair(random_ranks(space, rng=rng), space, max_params, rng=rng))


def random_ranks(space: SearchSpace, *, rng: np.random.Generator) -> np.ndarray:
    """A rank for each site, independent and uniform over those of the grid that it can have: (sites,)."""
    ranks = rng.choice(np.array(space.ranks), size=len(space.sites))
    narrow = ranks > space.highest
    if narrow.any():  # drawn again among their own
        counts = space.available.sum(axis=1)[narrow]
        ranks[narrow] = np.array(space.ranks)[rng.integers(0, counts)]
    return ranks
