"""From arms to trained runs: each arm's grid first, then its reported seeds, all arms side by side."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from evaluators.candidate import Candidate, Trained
from evaluators.spread import Workload, base_model_on
from evaluators.task import ReportOn
from search.fine_tune import fine_tune_all
from search.inputs import Inputs
from search.policies.registry import find_method, policy_of
from search.prepare import Search, prepare
from spaces.allocation import Allocation
from spaces.errors import UsageError

from .arm import Arm
from .leaderboard import ArmRuns
from .options import CompareOptions
from .referee import Referee

__all__ = ["Planned", "Point", "plan", "report", "tune"]

_TUNING = 100_000  # what the tuning's seeds begin at, which no reported seed reaches
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """An arm under one scaling: what is trained, where it starts, and the learning rates to choose from."""

    arm: Arm
    search: Search
    workload: Workload
    start: Allocation
    learning_rates: tuple[float, ...]

    def candidates(self, seeds: Sequence[int], rates: Sequence[float]) -> list[Candidate]:
        """A run for each seed and learning rate."""
        return [Candidate(self.start, seed, rate) for rate, seed in product(rates, seeds)]

    def on(self, rows: ReportOn) -> Workload:
        """The workload, judged by these rows."""
        return replace(self.workload, report_on=rows)


@dataclass(frozen=True, slots=True)
class Point:
    """A point of an arm's grid. loss: mean over the tuning seeds on the validation rows; None where none
    finished."""

    label: str
    scaling: str
    learning_rate: float
    loss: float | None


def plan(arm: Arm, options: CompareOptions, inputs: Inputs) -> list[Planned]:
    """The arm under every scaling of the grid; raises UsageError or InputError on what cannot be used."""
    rates = [_rate(text) for text in options.lrs or ()] or [options.lr or inputs.learning_rate]
    planned = []
    for scaling in options.scalings or (options.scaling,):
        typed = replace(options, space=arm.space, budget=arm.budget, renorm=arm.renorm, scaling=scaling)
        search = prepare(typed, inputs)
        if arm.referee:
            trainer = Referee(arm.method, search.max_params)
            planned.append(
                Planned(
                    arm, search, replace(search.workload, trainer=trainer), Allocation.of({}), tuple(rates)
                )
            )
            continue
        method, _ = find_method(arm.method)
        policy = policy_of(arm.method, search.max_params, base_model_on(inputs.source, search.devices[0]))
        planned.append(
            Planned(
                arm,
                search,
                replace(search.workload, policy=policy),
                arm.start(search.space.sites) or policy.start(search.space),
                tuple(rate * method.rate for rate in rates),
            )
        )
    return planned


def tune(
    plans: Sequence[Sequence[Planned]], options: CompareOptions, folder: Path
) -> tuple[list[tuple[Planned, float]], list[Point]]:
    """The scaling and learning rate of each arm with the lowest validation loss, and the whole grid.

    Runs on ``tune_seeds`` seeds that are not reported. An arm with one point is not tuned. One whose every
    point failed keeps its first.
    """
    first = options.seed + _TUNING
    seeds = range(first, first + options.tune_seeds)
    work = [one for arm in plans for one in arm if len(arm) * len(one.learning_rates) > 1]
    _log.info("tuning   %d arms under %d settings, %d seeds", len(plans), len(work), len(seeds))
    runs = fine_tune_all(
        [(one.on("validation"), one.candidates(seeds, one.learning_rates)) for one in work],
        folder / "candidates",
        options,
        plans[0][0].search.devices,
        keep_tensors=False,
    )
    found = {id(one): _points(one, own, len(seeds)) for one, own in zip(work, runs, strict=True)}
    chosen, points = [], []
    for arm in plans:
        grid = [(one, point) for one in arm for point in found.get(id(one), ())]
        points += [point for _, point in grid]
        finished = [(point.loss, i) for i, (_, point) in enumerate(grid) if point.loss is not None]
        if finished:
            one, point = grid[min(finished)[1]]
            chosen.append((one, point.learning_rate))
        else:
            chosen.append((arm[0], arm[0].learning_rates[0]))
    return chosen, points


def report(
    chosen: Sequence[tuple[Planned, float]], options: CompareOptions, seeds: Sequence[int], folder: Path
) -> list[ArmRuns]:
    """These seeds of every arm under what was chosen for it, on the test rows."""
    _log.info("report   %d arms, %d seeds, on the test rows", len(chosen), len(seeds))
    runs = fine_tune_all(
        [(one.on("test"), one.candidates(seeds, [rate])) for one, rate in chosen],
        folder / "candidates",
        options,
        chosen[0][0].search.devices,
        keep_tensors=True,
    )
    return [
        ArmRuns(one.arm, one.workload.recipe.scaling.rule, rate, tuple(own))
        for (one, rate), own in zip(chosen, runs, strict=True)
    ]


def _points(one: Planned, runs: Sequence[Trained], seeds: int) -> list[Point]:
    points = []
    for i, rate in enumerate(one.learning_rates):
        own = [run.evaluation.loss for run in runs[i * seeds : (i + 1) * seeds]]
        finished = [loss for loss in own if loss is not None]
        mean = float(np.mean(finished)) if len(finished) == seeds else None
        points.append(Point(one.arm.label, one.workload.recipe.scaling.rule, rate, mean))
    return points


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = float("nan")
    if not 0 < rate < float("inf"):
        raise UsageError(f"--lrs {text!r} must be numbers above 0 with commas, for example 1e-3,3e-3.")
    return rate
