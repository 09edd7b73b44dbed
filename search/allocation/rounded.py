"""Whole ranks near real ones: what "evenly" means where a budget is no whole rank everywhere."""

from __future__ import annotations

import numpy as np

from spaces.allocation import Allocation
from spaces.search_space import SearchSpace

__all__ = ["rounded"]

_WHOLE = 1e-9  # of a rank; nearer than this is there


def rounded(
    space: SearchSpace, ideal: np.ndarray, max_params: int, *, rng: np.random.Generator
) -> Allocation:
    """An allocation within the budget whose layers and roles have, as nearly as may be, what is ideal for
    them.

    Every site has its ideal rank rounded down; then sites go up by one, each at most once and only where its
    ideal is a fraction, while one fits: each time one whose layer and role lack the most parameters together.
    Which of them is chance, so that several draws are turns of one way of allocating.

    Args:
        space: the sites.
        ideal: (sites,), real ranks, at most each site's full one, that cost about ``max_params`` together.
        max_params: parameters that all wires may have together.
        rng: breaks ties.
    """
    price = np.array([site.cost_per_rank for site in space.sites], dtype=np.int64)
    layer, role = (_groups([getattr(site, name) for site in space.sites]) for name in ("layer", "role"))
    ranks = np.floor(ideal + _WHOLE).astype(np.int64)
    waiting, left = ideal - ranks > _WHOLE, max_params - int(price @ ranks)
    order = rng.permutation(len(price))
    while (fitting := order[(waiting & (price <= left))[order]]).size:
        lacking = (ideal - ranks) * price
        wanted = layer @ (layer.T @ lacking) + role @ (role.T @ lacking)
        site = fitting[np.argmax(np.round(wanted[fitting], 6))]  # equal but for rounding: the first by chance
        ranks[site] += 1
        waiting[site] = False
        left -= int(price[site])
    return space.allocation(ranks)


def _groups(names: list[object]) -> np.ndarray:
    """(sites, groups): 1 where a site is of a group."""
    known = list(dict.fromkeys(names))
    return np.array([[float(name == group) for group in known] for name in names])
