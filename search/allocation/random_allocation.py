"""The other baseline: random ranks."""

from __future__ import annotations

import numpy as np

from spaces.allocation import Allocation
from spaces.search_space import SearchSpace

from .repair import check_affordable, repair

__all__ = ["random_allocation"]


def random_allocation(space: SearchSpace, max_params: int, *, rng: np.random.Generator) -> Allocation:
    """Ranks of the grid, independent and uniform over the sites, then repaired to fill ``max_params``.

    Raises UsageError where no site fits at the lowest rank of the grid.
    """
    check_affordable(space, max_params)
    ranks = rng.choice(np.array(space.ranks), size=len(space.sites))
    return space.allocation(repair(ranks, space, max_params, rng=rng))
