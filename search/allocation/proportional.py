"""Ranks in proportion to weights, at exactly one budget."""

from __future__ import annotations

import numpy as np

from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.search_space import SearchSpace

__all__ = ["proportional"]


def proportional(space: SearchSpace, weights: np.ndarray, max_params: int) -> Allocation:
    """Ranks as near to ``weights`` times a common factor as ``max_params`` parameters allow.

    weights: (sites,) >= 0, in the order of the space; a site of weight 0 stays off. Ranks need not be of
    the grid. The factor is the largest whose ranks, rounded down and capped at each site's full rank,
    fit; what is left raises sites by one rank in turn, those that rounding took most from
    first, while one fits.

    Raises ValueError on weights of a wrong shape, negative, not finite, or all zero.
    """
    if weights.shape != (len(space.sites),) or not np.isfinite(weights).all() or weights.min() < 0:
        raise ValueError(
            f"weights={weights} must be {counted(len(space.sites), 'finite number')} >= 0, one per site."
        )
    if not weights.any():
        raise ValueError("weights are all 0; give at least one site a positive weight.")
    price = np.array([site.cost_per_rank for site in space.sites], dtype=np.int64)
    cap = np.where(weights > 0, [site.max_rank for site in space.sites], 0)

    def wanted(factor: float) -> np.ndarray:
        return np.minimum(factor * weights, cap)

    low, high = 0.0, float(cap.max() / weights[weights > 0].min())
    for _ in range(64):  # halvings: down to rounding
        middle = (low + high) / 2
        fits = int(np.floor(wanted(middle)) @ price) <= max_params
        low, high = (middle, high) if fits else (low, middle)
    exact = wanted(low)
    ranks = np.floor(exact).astype(np.int64)
    order = np.argsort(ranks - exact, kind="stable")
    left = max_params - int(ranks @ price)
    while open_sites := [s for s in order if price[s] <= left and ranks[s] < cap[s]]:
        for site in open_sites:
            if price[site] <= left:
                ranks[site] += 1
                left -= int(price[site])
    return space.allocation(ranks)
