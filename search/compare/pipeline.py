"""One comparison from end to end: plan, tune, train, rank, draw, save."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from evaluators.adapter import save_adapter
from evaluators.spread import base_model_on
from search.inputs import load_inputs
from search.output_folder import OutputFolder, write_whole
from search.policies.registry import find_method
from search.prepare import announce

from .arm import BASELINE, Arm, arms_of
from .arm_training import Planned, Point, plan, report, tune
from .leaderboard import ArmRuns, Row, answers, leaderboard
from .leaderboard_plot import draw_leaderboard
from .leaderboard_table import format_leaderboard
from .maps import draw_maps
from .options import GROWING, CompareOptions

__all__ = ["compare_arms", "plan_all", "run_compare"]

_log = logging.getLogger(__name__)


def run_compare(options: CompareOptions) -> tuple[dict[str, object], str]:
    """Runs or goes on with a comparison; gives what ``leaderboard.json`` holds, and its text.

    Raises UsageError or InputError, before anything is written, on options or data that cannot be used.
    """
    folder = OutputFolder(options, may_change=GROWING)
    arms = arms_of(options)
    if options.threads:
        torch.set_num_threads(options.threads)
    plans = plan_all(arms, options)
    with folder.opened() as path:
        return compare_arms(plans, options, options.all_seeds, path)[:2]


def plan_all(arms: Sequence[Arm], options: CompareOptions) -> list[list[Planned]]:
    """Every arm on the task of the options, prepared."""
    inputs = load_inputs(options)
    return [plan(arm, options, inputs) for arm in arms]


def compare_arms(
    plans: Sequence[Sequence[Planned]], options: CompareOptions, seeds: Sequence[int], folder: Path
) -> tuple[dict[str, object], str, list[ArmRuns]]:
    """Trains planned arms and writes all that is known of them; the result, its text, and the runs."""
    announce(plans[0][0].search, folder)
    chosen, grid = tune(plans, options, folder)
    runs = report(chosen, options, seeds, folder)
    rows = leaderboard(runs, _baseline([one.arm for one in runs]))
    result = _result(rows, runs, grid, chosen, seeds, folder)
    write_whole(folder / "leaderboard.json", json.dumps(result, indent=2))
    text = format_leaderboard(result)
    write_whole(folder / "leaderboard.txt", text + "\n")
    draw_leaderboard(rows, str(result["metric"]), folder / "leaderboard.png")
    for (planned, _), own in zip(chosen, runs, strict=True):
        draw_maps(own, planned.search.space, folder)
        _save(own, planned, folder / "adapters")
    return result, text, runs


def _baseline(arms: Sequence[Arm]) -> str:
    """The label of the first plain LoRA arm; there may be none."""
    return next((arm.label for arm in arms if arm.method == BASELINE), BASELINE)


def _result(
    rows: Sequence[Row],
    runs: Sequence[ArmRuns],
    grid: Sequence[Point],
    chosen: Sequence[tuple[Planned, float]],
    seeds: Sequence[int],
    output: Path,
) -> dict[str, object]:
    """What ``--json`` prints and ``leaderboard.json`` holds."""
    first, _ = chosen[0]
    options, task = first.search.options, first.search.inputs.task
    return {
        "model": first.search.inputs.base,
        "task": task.name,
        "metric": task.metric,
        "rows": {"train": len(task.train), "validation": len(task.validation), "test": len(task.test)},
        "space": options.space,
        "budget": first.search.max_params,
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "seeds": list(seeds),
        "device": first.search.devices[0],
        "baseline": _baseline([one.arm for one in runs]),
        "leaderboard": [row.to_json() for row in rows],
        "answers": [answer.to_json() for answer in answers(runs)],
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
        label_names=search.inputs.task.label_names,
    )
