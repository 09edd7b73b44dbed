"""The allocations that people use without a search, which proposals have to hold their own against."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import numpy as np

from search.allocation.uniform import uniform_allocation
from spaces.allocation import Allocation
from spaces.counted import counted
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
    Scores know no rank above the grid's greatest, so none has more, and a budget that needs more is not all
    spent, which a log line says. None where q and v are all of the space or not in it; none, with a log line,
    where the budget is too small for them.

    Source: LoRA, arXiv:2106.09685, section 4.2. max_params: the budget, in parameters.
    """
    sites = qv_sites(space.sites)
    if not sites or len(sites) == len(space.sites):
        return []
    own = SearchSpace(sites, (0, 1))
    most = np.array([min(site.max_rank, space.ranks[-1]) for site in sites])
    try:
        allocation = uniform_allocation(own, max_params, most=most)
    except UsageError as error:
        _log.info("%s is not proposed: %s", UNIFORM_QV, error)
        return []
    spent = own.params(allocation)
    if max_params - spent >= min(site.cost_per_rank for site in sites):
        of_budget = f"{spent:,} of {counted(max_params, 'parameter')}"
        _log.info("%s has %s: all its sites are at the grid's greatest rank", UNIFORM_QV, of_budget)
    return [(UNIFORM_QV, allocation)]
