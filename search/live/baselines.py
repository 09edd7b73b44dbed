"""What every other trial has to beat: the same budget spread evenly, over one set of sites or another."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from proxies.site_scores import SiteScores
from search.allocation.uniform import uniform_allocation
from search.sampling.proposals import Proposal
from search.sampling.proposer import UNIFORM, UNIFORM_QV, Proposer
from search.sampling.usual import qv_sites
from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.search_space import SearchSpace
from spaces.site import Site

__all__ = ["baselines_of"]

_log = logging.getLogger(__name__)


def baselines_of(
    space: SearchSpace, max_params: int, linears: Sequence[Site], scores: Sequence[SiteScores] = ()
) -> list[Proposal]:
    """Uniform over the space, over all linears, and over q and v, each allocation once, at one budget.

    Those that people use, whatever the space: its own sites need not be among the linears, nor these among
    them. One whose sites the budget is too small for is left out, with a log line; so is one without sites.

    Args:
        space: what is searched.
        max_params: the budget of each, in parameters.
        linears: every site of kind lora that could be used, in the order of the network.
        scores: of the space's sites at its ranks; a baseline beyond these gets none.
    """
    wanted = {UNIFORM: space.sites, Proposer("uniform[all]"): linears, UNIFORM_QV: qv_sites(linears)}
    found: dict[Allocation, list[Proposer]] = {}
    costs: dict[Allocation, int] = {}
    for proposer, sites in wanted.items():
        if not sites:
            continue
        own = SearchSpace(tuple(sites), (0, 1))
        try:
            allocation = uniform_allocation(own, max_params)
        except UsageError as error:
            if proposer is UNIFORM:
                raise
            _log.warning("baseline %s is left out: %s", proposer, error)
            continue
        found.setdefault(allocation, []).append(proposer)
        costs[allocation] = own.params(allocation)
    return [
        Proposal(
            allocation,
            tuple(proposers),
            costs[allocation],
            tuple((table.proxy, table.of(allocation)) for table in scores)
            if _is_within(allocation, space)
            else (),
        )
        for allocation, proposers in found.items()
    ]


def _is_within(allocation: Allocation, space: SearchSpace) -> bool:
    """Whether it has sites of the space alone, none above the highest rank of the grid."""
    inside = {site.name for site in space.sites}
    return all(name in inside and rank <= space.ranks[-1] for name, rank in allocation.ranks)
