"""One comparison from its arms to its leaderboard: tune, train, rank, draw, save."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluators.adapters.adapter import save_adapter
from evaluators.store.whole_file import write_whole
from search.job.prepare import announce
from search.job.progress import Progress, silent
from search.methods.registry import find_method
from spaces.errors import InputError

from .arm import BASELINE, Arm
from .arm_training import Chosen, Planned, Point, report, tune
from .leaderboard import ArmRuns, Row, leaderboard
from .leaderboard_plot import draw_leaderboard
from .leaderboard_table import format_leaderboard, title_of
from .maps import draw_maps
from .questions import answers
from .terms import Terms
from .verdict import verdict

__all__ = ["Comparison", "compare_arms", "write_comparison"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What came of it. result, text: as the command prints them. chosen, runs: arm by arm. rows: the
    leaderboard, best first."""

    result: dict[str, object]
    text: str
    chosen: tuple[Chosen, ...]
    runs: tuple[ArmRuns, ...]
    rows: tuple[Row, ...]


def compare_arms(
    plans: Sequence[Sequence[Planned]],
    terms: Terms,
    seeds: Sequence[int],
    folder: Path,
    *,
    progress: Progress = silent,
) -> Comparison:
    """Trains planned arms and ranks them.

    Args:
        plans: each arm, under every scaling that differs for it.
        terms: what they share.
        seeds: that are reported.
        folder: made where it is not there; runs that it holds are read.
        progress: of tuning and of training.

    Raises InputError where every run failed.
    """
    folder.mkdir(exist_ok=True)
    announce(plans[0][0].job, folder)
    chosen, grid = tune(plans, terms, folder, progress=progress)
    runs = report(chosen, terms, seeds, folder, progress=progress)
    direction = chosen[0].planned.job.task.objective.direction
    rows = leaderboard(runs, _baseline([one.arm for one in runs]), direction=direction)
    if not any(row.metric for row in rows):
        raise InputError(f"every run failed, the first because {rows[0].failures[0]}")
    result = _result(rows, runs, grid, chosen, seeds, folder)
    return Comparison(result, format_leaderboard(result), tuple(chosen), tuple(runs), tuple(rows))


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Writes all that is known of the arms: tables, pictures and adapters."""
    _log.info("saving   tables, pictures and adapters")
    task, baseline = comparison.chosen[0].planned.job.task, _baseline([one.arm for one in comparison.runs])
    write_whole(folder / "leaderboard.json", json.dumps(comparison.result, indent=2))
    write_whole(folder / "leaderboard.txt", comparison.text + "\n")
    picture, title = folder / "leaderboard.png", title_of(comparison.result)
    draw_leaderboard(comparison.rows, title, task.objective.metric_title, baseline, picture)
    for one, own in zip(comparison.chosen, comparison.runs, strict=True):
        draw_maps(own, one.planned.job.space, folder)
        _save(own, one.planned, folder / "adapters")


def _baseline(arms: Sequence[Arm]) -> str | None:
    """The label of plain LoRA in the options' own space, or else of the first; there may be none."""
    labels = [arm.label for arm in arms if arm.name == BASELINE]
    return BASELINE if BASELINE in labels else next(iter(labels), None)


def _result(
    rows: Sequence[Row],
    runs: Sequence[ArmRuns],
    grid: Sequence[Point],
    chosen: Sequence[Chosen],
    seeds: Sequence[int],
    output: Path,
) -> dict[str, object]:
    """What ``--json`` prints and ``leaderboard.json`` holds."""
    job, baseline = chosen[0].planned.job, _baseline([one.arm for one in runs])
    task, recipe = job.task, job.recipe
    objective, tested = task.objective, task.test
    answered = answers(runs, rows, baseline, direction=objective.direction)
    best = next((answer for answer in answered if answer.label is not None), None)
    return {
        "verdict": verdict(
            runs,
            rows,
            best,
            baseline,
            metric=objective.metric_title,
            rows_tested=len(tested),
            chance=objective.chance(tested.labels),
            direction=objective.direction,
        ),
        "model": job.base,
        "task": task.name,
        "metric": objective.metric,
        "metric_title": objective.metric_title,
        "direction": objective.direction,
        "positive_label": objective.metric_label,
        "notes": list(task.notes),
        "rows": {"train": len(task.train), "validation": len(task.validation), "test": len(task.test)},
        "budget": job.max_params,
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "seeds": list(seeds),
        "device": job.machine.devices[0],
        "baseline": baseline,
        "leaderboard": [row.to_json() for row in rows],
        "answers": [answer.to_json() for answer in answered],
        "tuning": [
            {"label": p.label, "scaling": p.scaling, "lr": p.learning_rate, "loss": p.loss} for p in grid
        ],
        "output": str(output),
    }


def _save(own: ArmRuns, planned: Planned, folder: Path) -> None:
    """The adapter of the arm's first seed, where it ends as one and that run finished."""
    first = own.runs[0]
    if own.arm.referee or first.evaluation.failure is not None or not find_method(own.arm.method)[0].adapter:
        return
    job = planned.job
    folder.mkdir(exist_ok=True)
    save_adapter(
        folder / own.arm.file_name,
        first,
        model=job.model,
        sites=job.space.sites,
        recipe=planned.workload.recipe,
        base=job.base,
        objective=job.task.objective,
        rows=job.task.validation,
    )
