"""The allocations that people use without a search, which proposals have to hold their own against."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from search.allocation.uniform import uniform_allocation
from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.search_space import SearchSpace
from spaces.site import Site

from .proposer import UNIFORM_QV, Proposer

__all__ = ["qv_sites", "usual_allocations"]

_log = logging.getLogger(__name__)


def qv_sites(sites: Iterable[Site]) -> tuple[Site, ...]:
    """Those of attention's queries and values, in order."""
    return tuple(site for site in sites if site.role in ("q", "v"))


def usual_allocations(space: SearchSpace, max_params: int) -> list[tuple[Proposer, Allocation]]:
    """Besides uniform over the space: the same budget at one rank over its q and v, as LoRA began.

    No score's pick was shown to beat it where that was measured (``results/ladder``, ``results/defaults``).
    None where q and v are all of the space or not in it; none, with a log line, where the budget is too small
    for them, or would give them a rank above the grid.

    Source: LoRA, arXiv:2106.09685, section 4.2. max_params: the budget, in parameters.
    """
    sites = qv_sites(space.sites)
    if not sites or len(sites) == len(space.sites):
        return []
    try:
        allocation = uniform_allocation(SearchSpace(sites, (0, 1)), max_params)
    except UsageError as error:
        _log.info("%s is not proposed: %s", UNIFORM_QV, error)
        return []
    highest = max(rank for _, rank in allocation.ranks)
    if highest > space.ranks[-1]:
        _log.info(
            "%s is not proposed: at rank %d it is above the grid's %d", UNIFORM_QV, highest, space.ranks[-1]
        )
        return []
    return [(UNIFORM_QV, allocation)]
