"""Allocations that a caller brings, as proposals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from search.job.job import Job
from search.sampling.proposals import Proposal
from search.sampling.proposer import UNIFORM, Proposer
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import UsageError

__all__ = ["proposed_plans"]


def proposed_plans(plans: Sequence[Allocation], baseline: Allocation, job: Job) -> list[Proposal]:
    """The baseline first; plans under the names of their places, from 1 on, equal ones together."""
    if isinstance(plans, Allocation) or not isinstance(plans, Iterable):
        raise UsageError(f"`plans` is a lone {type(plans).__name__}; give a list of allocations.")
    proposers: dict[Allocation, tuple[Proposer, ...]] = {baseline: (UNIFORM,)}
    for place, plan in enumerate(plans, start=1):
        _check_plan(f"plan {place} of `plans`", plan, job)
        if plan != baseline:
            proposers[plan] = (*proposers.get(plan, ()), Proposer(f"plan {place}"))
    return [Proposal(one, names, job.space.params(one), ()) for one, names in proposers.items()]


def _check_plan(title: str, plan: Allocation, job: Job) -> None:
    """Raises UsageError on what is no allocation of the job's sites, up to full rank, within its budget."""
    if not isinstance(plan, Allocation):
        raise UsageError(
            f"{title} is a {type(plan).__name__}; give an allocation, such as `search.greedy` returns."
        )
    known = {site.name: site for site in job.space.sites}
    if unknown := [name for name, _ in plan.ranks if name not in known]:
        raise UsageError(
            f"{title} names {', '.join(unknown[:3])}, and no such site is among the "
            f"{counted(len(known), 'site')} of this space; set up another `space`."
        )
    if wide := [(name, rank) for name, rank in plan.ranks if rank > known[name].max_rank]:
        name, rank = wide[0]
        raise UsageError(
            f"{title} has rank {rank} at {name}, where {known[name].max_rank} is full rank already; lower it."
        )
    if (params := job.space.params(plan)) > job.max_params:
        raise UsageError(
            f"{title} costs {params:,} of a budget of "
            f"{counted(job.max_params, 'parameter')}; lower its ranks, or set up a larger `budget`."
        )
