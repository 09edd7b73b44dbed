"""From arms to trained runs: each arm's grid first, then its reported seeds, all arms side by side."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Final, cast

import numpy as np

from evaluators.data.report_on import ReportOn
from evaluators.executors.workload import Workload
from evaluators.training.candidate import Candidate, Trained
from evaluators.training.leg import Leg, whole
from search.job.fine_tune import fine_tune_all
from search.job.job import Job
from search.job.machine import Machine
from search.job.prepare import prepare
from search.job.progress import Progress, silent
from search.job.run_names import CANDIDATES
from search.methods.registry import find_method, policy_of
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import InputError
from spaces.scaling import Rule

from .arm import Arm
from .grid_point import GridPoint
from .peft_configs import rule_of
from .peft_trainer import Referee
from .standing import ArmRuns
from .terms import Terms

__all__ = ["NO_RULE", "Chosen", "Planned", "plan_all", "report", "tune"]

NO_RULE: Final = "none"
"""Of what has no wires, or wires without a factor by their rank."""
_TUNING = 100_000  # what the tuning's seeds begin at, which no reported seed reaches
_READABLE = 32  # characters of an arm's label, in a log of losses
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """An arm under one scaling: what is trained, where it starts, and the learning rates to choose from.

    rule: of scaling, by which the factors of its wires follow from their ranks, or ``NO_RULE``.
    """

    arm: Arm
    job: Job
    workload: Workload
    start: Allocation
    learning_rates: tuple[float, ...]
    rule: str

    def candidates(self, seeds: Sequence[int], rates: Sequence[float]) -> list[Candidate]:
        """A run for each seed and learning rate."""
        return [Candidate(self.start, seed, rate) for rate, seed in product(rates, seeds)]

    @property
    def factors(self) -> tuple[float, ...]:
        """Of its wires at the ranks where they start."""
        kinds, scaling = (
            {site.name: site.kind for site in self.job.space.sites},
            self.workload.recipe.scaling,
        )
        return tuple(scaling.factor(kinds[name], rank) for name, rank in self.start.ranks)

    @property
    def bounded(self) -> bool:
        """Whether what it trains is within the budget, as it is of adapters, PEFT's too."""
        return self.adapter or self.arm.referee

    @property
    def adapter(self) -> bool:
        """Whether it ends as wires within the budget, which are kept."""
        return not self.arm.referee and find_method(self.arm.method)[0].adapter

    def on(self, rows: ReportOn) -> Workload:
        """The workload, judged by these rows; what is not kept writes text while it is there."""
        writes = rows == "test" and not self.adapter
        test = self.job.ground.text_test if writes else None
        return replace(self.workload, report_on=rows, text_test=test)


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """An arm as it is reported: under the scaling and learning rate that its grid chose."""

    planned: Planned
    learning_rate: float


def plan_all(arms: Sequence[Arm], terms: Terms) -> list[list[Planned]]:
    """Every arm, prepared; those of a group that cannot be used here are left out, with a warning.

    Raises UsageError or InputError on one that was named, and where none is left.
    """
    planned, reasons = [], []
    for arm in arms:
        try:
            planned.append(plan(arm, terms))
        except InputError as error:
            if not arm.optional:
                raise
            reasons.append(error)
            _log.warning("left out %s: %s", arm.label, error)
    if not planned:
        raise reasons[0]
    return planned


def plan(arm: Arm, terms: Terms) -> list[Planned]:
    """The arm under every scaling of the grid that differs for it; raises UsageError or InputError on what
    cannot be used."""
    planned: dict[object, Planned] = {}
    for scaling in terms.scalings:
        own, told_by = _planned(arm, terms, cast(Rule, scaling))  # which refuses any other
        planned.setdefault(told_by, own)
    return list(planned.values())


def _planned(arm: Arm, terms: Terms, rule: Rule) -> tuple[Planned, object]:
    """The arm under one rule, and what tells it from the same under others: equal where nothing does."""
    model = terms.ground.model
    space = replace(terms.space, space=arm.space, budget=arm.budget, renorm=arm.renorm, scaling=rule)
    job = prepare(terms.ground, space, terms.training, terms.scoring)
    if arm.referee:
        referee = Referee(arm.method, job.max_params)
        config = referee.config(model, job.workload)
        workload = replace(job.workload, trainer=referee)
        told = rule_of(config, rule) or NO_RULE
        own = Planned(arm, job, workload, Allocation.of({}), terms.learning_rates, told)
        return own, json.dumps(config.to_dict(), sort_keys=True, default=sorted)
    method, _ = find_method(arm.method)
    method.check(model, job.task.objective, job.space.sites)
    policy = policy_of(arm.method, job.max_params, model, usual=terms.looked_at)
    workload = replace(job.workload, policy=policy)
    start = arm.start(job.space.sites) or policy.start(job.space)
    rates = tuple(rate * method.rate for rate in terms.learning_rates)
    if not method.adapter:
        return Planned(arm, job, workload, start, rates, NO_RULE), NO_RULE
    own = Planned(arm, job, workload, start, rates, rule)
    return own, rule if method.rescales else own.factors


def tune(
    plans: Sequence[Sequence[Planned]], terms: Terms, folder: Path, *, progress: Progress = silent
) -> tuple[list[Chosen], list[GridPoint]]:
    """The scaling and learning rate of each arm with the lowest validation loss, and the whole grid.

    Runs on ``tune_seeds`` seeds that are not reported. An arm with one point is not tuned. One whose every
    point failed keeps its first.
    """
    first = terms.training.seed + _TUNING
    seeds = range(first, first + terms.tune_seeds)
    tuned = [len(arm) * len(arm[0].learning_rates) > 1 for arm in plans]
    work = [one for arm, several in zip(plans, tuned, strict=True) if several for one in arm]
    _log.info("tuning   %d of %s, %s", sum(tuned), counted(len(plans), "arm"), counted(len(seeds), "seed"))
    machine = terms.ground.machine
    legs = [_legs(one, "validation", seeds, one.learning_rates, machine) for one in work]
    found = fine_tune_all(legs, folder / CANDIDATES, machine, keep_tensors=False, progress=progress)
    runs = iter(found)
    chosen, points = [], []
    for arm, several in zip(plans, tuned, strict=True):
        grid = (
            [(one, point) for one in arm for point in _points(one, next(runs), len(seeds))] if several else []
        )
        points += [point for _, point in grid]
        finished = [(point.loss, i) for i, (_, point) in enumerate(grid) if point.loss is not None]
        if finished:
            one, point = grid[min(finished)[1]]
            chosen.append(Chosen(one, point.learning_rate))
        else:
            chosen.append(Chosen(arm[0], arm[0].learning_rates[0]))
    return chosen, points


def report(
    chosen: Sequence[Chosen],
    seeds: Sequence[int],
    folder: Path,
    machine: Machine,
    *,
    progress: Progress = silent,
) -> list[ArmRuns]:
    """These seeds of every arm under what was chosen for it, on the test rows."""
    arms = counted(len(chosen), "arm")
    _log.info("report   %s, %s, on the test rows", arms, counted(len(seeds), "seed"))
    legs = [_legs(one.planned, "test", seeds, [one.learning_rate], machine) for one in chosen]
    runs = fine_tune_all(legs, folder / CANDIDATES, machine, keep_tensors=True, progress=progress)
    return [
        ArmRuns(one.planned.arm, one.planned.rule, one.learning_rate, tuple(own), one.planned.job.max_params)
        for one, own in zip(chosen, runs, strict=True)
    ]


def _legs(
    one: Planned, rows: ReportOn, seeds: Sequence[int], rates: Sequence[float], machine: Machine
) -> tuple[Workload, list[Leg]]:
    """What there is to train of an arm, to be judged on these rows; the machine's log knows it by the arm."""
    workload, candidates = one.on(rows), one.candidates(seeds, rates)
    for candidate in candidates:
        name = f"{one.arm.label[:_READABLE]}-lr{candidate.learning_rate:g}-{one.rule}"
        machine.log.named(candidate, name, workload)
    return workload, whole(candidates)


def _points(one: Planned, runs: Sequence[Trained], seeds: int) -> list[GridPoint]:
    points = []
    for i, rate in enumerate(one.learning_rates):
        own = [run.evaluation.loss for run in runs[i * seeds : (i + 1) * seeds]]
        finished = [loss for loss in own if loss is not None]
        mean = float(np.mean(finished)) if len(finished) == seeds else None
        points.append(GridPoint(one.arm.label, one.rule, rate, mean))
    return points
