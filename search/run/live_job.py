"""A job whose trials are searched live: what there is to choose from, and when it is judged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from search.job.job import Job
from search.job.machine import Machine
from search.job.usual_rule import AT_FEW_RANKS, USUAL_RULE
from search.live.ladder import Ladder
from search.live.settings import LiveSettings
from search.sampling.running_study import Alternatives
from spaces.budget import parse_budget
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.meta_model import base_params
from spaces.scaling import SCALING_RULES, Rule
from spaces.site import Site

__all__ = ["LiveJob", "live_job_of"]

_APART: Final = 2.5  # rates that are tried beside the usual one, as many times below and above it


@dataclass(frozen=True, slots=True, eq=False)
class LiveJob:
    """A job whose trials are searched live.

    job: whose candidates may have the baselines' sites, too. linears: all there are. choices: for each trial.
    ladder: when it is judged. settings: with rates and rules in full. budget: as it was typed.
    """

    job: Job
    linears: tuple[Site, ...] = field(repr=False)
    choices: Alternatives
    ladder: Ladder
    settings: LiveSettings
    budget: str

    @property
    def at_once(self) -> int:
        """Trials that live at a time."""
        assert self.settings.at_once is not None, "a live job has all its settings"
        return self.settings.at_once

    def with_at_once(self, at_once: int) -> LiveJob:
        """The same with as many trials at a time."""
        return replace(self, settings=replace(self.settings, at_once=at_once))


def live_job_of(
    job: Job, live: LiveSettings, *, budget: str, rate: float | None, scaling: Rule | None
) -> LiveJob:
    """A job with what a live search adds, settled; raises UsageError on what cannot be.

    Baselines have the sites that people use, so that these are added to the space's for them alone.

    Args:
        job: what is searched.
        live: what was asked for.
        budget: as it was typed.
        rate: the learning rate that was asked for. None: where no ``lrs`` are either, the job's usual one and
            its neighbours, as a rate is worth at least as much as an allocation (``results/rates``).
        scaling: the rule that was asked for. None: where no ``scalings`` are either, the usual one and that
            under which rank changes capacity and nothing else (``results/rules``).
    """
    linears = job.ground.usable(find_sites(job.model, "lora[all]"), job.recipe.renorm)
    inside = {site.name for site in job.space.sites}
    beside = tuple(site for site in linears if site.name not in inside)
    rates, named = live.lrs or _rates(job, rate), live.scalings or _rules(scaling)
    rules: tuple[Rule, ...] = tuple(rule for name in named for rule in SCALING_RULES if rule == name)
    choices = Alternatives(rates, rules, _least_params(job, live.budget_min), job.max_params)
    ladder = Ladder(job.steps, live.halving, live.rungs)
    settings = replace(live, lrs=rates, scalings=rules, at_once=live.at_once or _slots(job.machine))
    return LiveJob(replace(job, beside=beside), linears, choices, ladder, settings, budget)


def _rates(job: Job, asked: float | None) -> tuple[float, ...]:
    if asked is not None:
        return (asked,)
    return tuple(float(f"{job.learning_rate * factor:.3g}") for factor in (1 / _APART, 1, _APART))


def _rules(asked: Rule | None) -> tuple[Rule, ...]:
    return (USUAL_RULE, AT_FEW_RANKS) if asked is None else (asked,)


def _slots(machine: Machine) -> int:
    """How many trials its cohorts hold; UsageError where nobody knows, and a search would go another way each
    time it begins."""
    cohorts, size = machine.executor.at_once, machine.cohort_size
    if cohorts is None:
        raise UsageError(
            "`at_once` is missing: a cluster's workers come and go; give the number of those that there will "
            f"be times {size}, as each trains so many side by side."
        )
    return size * cohorts


def _least_params(job: Job, budget_min: str | None) -> int:
    if budget_min is None:
        return job.max_params
    space = job.space
    wanted = parse_budget(budget_min, argument="budget_min")
    least = wanted.max_params(space.sites, base_params=base_params(job.model), argument="budget_min")
    cheapest = int(space.costs[space.available[:, 1], 1].min())
    if not cheapest <= least <= job.max_params:
        raise UsageError(
            f"`budget_min={budget_min}` is {counted(least, 'parameter')}; it must lie between {cheapest:,}, "
            f"the cheapest site at the lowest rank {space.ranks[1]}, and the budget of {job.max_params:,}."
        )
    return least
