"""One comparison from end to end: plan, tune, train, rank, draw, save."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from evaluators.adapters.adapter import save_adapter
from evaluators.executors.spread import base_model_on
from search.cli.compare_options import COMMAND, GROWING, CompareOptions
from search.cli.output_folder import OutputFolder, decisive, write_whole
from search.cli.output_path import output_path
from search.cli.provenance import inputs_of
from search.job.inputs import load_inputs
from search.job.prepare import announce, prepare
from search.methods.registry import find_method
from spaces.errors import InputError

from .arm import BASELINE, Arm, arms_of
from .arm_training import Chosen, Planned, Point, plan_all, report, tune
from .leaderboard import ArmRuns, Row, leaderboard
from .leaderboard_plot import draw_leaderboard
from .leaderboard_table import format_leaderboard, title_of
from .maps import draw_maps
from .questions import answers
from .verdict import verdict

__all__ = ["Comparison", "compare_arms", "run_compare"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What came of it. result, text: as the command prints them. chosen, runs: arm by arm."""

    result: dict[str, object]
    text: str
    chosen: tuple[Chosen, ...]
    runs: tuple[ArmRuns, ...]


def run_compare(options: CompareOptions) -> tuple[dict[str, object], str]:
    """Runs or goes on with a comparison; gives what ``leaderboard.json`` holds, and its text.

    The budget is that of the options' own space, in every arm. Raises UsageError or InputError, and leaves
    nothing, on options or data that cannot be used.
    """
    known = decisive(options, growing=GROWING)
    folder = OutputFolder(output_path(options), COMMAND, known, inputs=partial(inputs_of, options))
    with folder.opened() as path:
        arms = arms_of(options)
        if options.threads:
            torch.set_num_threads(options.threads)
        inputs = load_inputs(options)
        budget = str(prepare(options, inputs).max_params)
        plans = plan_all([replace(arm, budget=budget) for arm in arms], options, inputs)
        compared = compare_arms(plans, options, options.all_seeds, path, folder)
    return compared.result, compared.text


def compare_arms(
    plans: Sequence[Sequence[Planned]],
    options: CompareOptions,
    seeds: Sequence[int],
    folder: Path,
    owner: OutputFolder,
) -> Comparison:
    """Trains planned arms and writes all that is known of them into ``folder``, the owner's or one inside.

    Raises InputError where every run failed, and where what was read has changed.
    """
    owner.begin()
    folder.mkdir(exist_ok=True)
    announce(plans[0][0].search, folder)
    chosen, grid = tune(plans, options, folder)
    runs = report(chosen, options, seeds, folder)
    _log.info("saving   tables, pictures and adapters")
    task = chosen[0].planned.search.inputs.task
    rows = leaderboard(runs, baseline := _baseline([one.arm for one in runs]))
    if not any(row.metric for row in rows):
        raise InputError(f"every run failed, the first because {rows[0].failures[0]}")
    owner.confirm()
    result = _result(rows, runs, grid, chosen, seeds, folder)
    write_whole(folder / "leaderboard.json", json.dumps(result, indent=2))
    text = format_leaderboard(result)
    write_whole(folder / "leaderboard.txt", text + "\n")
    draw_leaderboard(
        rows, title_of(result), task.objective.metric_title, baseline, folder / "leaderboard.png"
    )
    for one, own in zip(chosen, runs, strict=True):
        draw_maps(own, one.planned.search.space, folder)
        _save(own, one.planned, folder / "adapters")
    return Comparison(result, text, tuple(chosen), tuple(runs))


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
    first, baseline = chosen[0].planned, _baseline([one.arm for one in runs])
    options, task = first.search.options, first.search.inputs.task
    answered, chance = answers(runs, rows, baseline), task.objective.chance(task.test.labels)
    best = next((answer for answer in answered if answer.label is not None), None)
    return {
        "verdict": verdict(runs, rows, best, baseline, metric=task.objective.metric_title, chance=chance),
        "model": first.search.inputs.base,
        "task": task.name,
        "metric": task.objective.metric,
        "metric_title": task.objective.metric_title,
        "positive_label": task.objective.metric_label,
        "notes": list(task.notes),
        "rows": {"train": len(task.train), "validation": len(task.validation), "test": len(task.test)},
        "budget": first.search.max_params,
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "seeds": list(seeds),
        "device": first.search.devices[0],
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
    search = planned.search
    folder.mkdir(exist_ok=True)
    save_adapter(
        folder / own.arm.file_name,
        first,
        model=base_model_on(search.inputs.source, search.devices[0]),
        sites=search.space.sites,
        recipe=planned.workload.recipe,
        base=search.inputs.base,
        objective=search.inputs.task.objective,
        rows=search.inputs.task.validation,
    )
