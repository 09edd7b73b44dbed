"""The papers' allocation: the best sites on at one rank, the others off."""

from __future__ import annotations

import numpy as np

from proxies.site_scores import SiteScores
from spaces.allocation import Allocation

from .repair import check_affordable

__all__ = ["topk_allocation"]


def topk_allocation(scores: SiteScores, *, max_params: int, rng: np.random.Generator) -> Allocation:
    r"""The sites with the largest ``scores.by_site`` on at the largest rank of the grid, within the budget.

    .. math:: r_{\text{site}} = r_{\max} \, \mathbf{1} [ s_{\text{site}} \text{ among the highest that fit} ]

    A site that cannot have that rank is on at its highest. Ties are broken uniformly at random. A site that
    no longer fits is skipped, a cheaper one after it may still fit. Where no site fits at the largest rank,
    the largest rank at which one does is used.

    Source: HeteroLoRA, arXiv:2406.14956, static allocation; there "25 % enabled", here as many as fit.

    Raises UsageError where no site fits at the lowest rank of the grid.
    """
    space = scores.space
    check_affordable(space, max_params)
    fits = space.available & (space.costs <= max_params)
    rank = np.minimum(space.ranks[int(np.flatnonzero(fits.any(axis=0))[-1])], space.highest)
    costs = (rank * np.array([site.cost_per_rank for site in space.sites])).tolist()
    ranks = np.zeros(len(space.sites), dtype=np.int64)
    left = max_params
    for site in np.lexsort((rng.permutation(len(costs)), -scores.by_site)):
        if costs[site] <= left:
            ranks[site] = rank[site]
            left -= costs[site]
    return space.allocation(ranks)
