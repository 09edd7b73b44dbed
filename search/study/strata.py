"""The strata of a study: every budget with every scaling and learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import cast

from evaluators.store.benchmark_table import Stratum, StratumKind
from search.job.ground import Ground
from search.job.job import Job
from search.job.prepare import prepare
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from spaces.errors import UsageError
from spaces.scaling import Rule

from .draw import Drawn
from .settings import StudySettings

__all__ = ["SITE_TRUTHS", "jobs_of", "stratum_of"]

SITE_TRUTHS: tuple[StratumKind, ...] = ("only", "without")


def jobs_of(
    ground: Ground,
    settings: StudySettings,
    space: SpaceSettings,
    training: TrainingSettings,
    scoring: ScoringSettings,
) -> list[Job]:
    """One job for each combination of budget, scaling and learning rate, in the order given.

    Args:
        ground: the model and the task.
        settings: several budgets, scalings and rates, where there are.
        space, training, scoring: of all of them; where there are not several, theirs is the one.

    Raises UsageError or InputError on what cannot be used.
    """
    chosen = product(
        settings.budgets or (space.budget,),
        settings.scalings or (space.scaling,),
        settings.lrs or (training.lr,),
    )
    jobs = []
    for budget, scaling, rate in dict.fromkeys(chosen):
        own = replace(space, budget=budget, scaling=cast(Rule | None, scaling))  # which refuses any other
        job = prepare(ground, own, replace(training, lr=rate), scoring)
        jobs.append(replace(job, report_on=settings.judge_by))
    cap = min(site.max_rank for site in jobs[0].space.sites)
    if settings.site_truth and settings.site_rank > cap:
        raise UsageError(
            f"`site_rank={settings.site_rank}` is above {cap}, the full rank of a site; lower it."
        )
    return jobs


def stratum_of(job: Job, kind: StratumKind, drawn: Sequence[Drawn]) -> Stratum:
    """The name under which the table keeps a job's allocations."""
    dearest = max(job.space.params(one.allocation) for one in drawn)
    most = job.max_params if kind == "budget" else dearest
    return Stratum(kind, most, job.recipe.scaling.rule, job.learning_rate)
