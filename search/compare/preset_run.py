"""The cells of a paper's table, trained with the paper's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evaluators.training.rank_sweep import rank_sweep
from search.compare.presets.preset import Cell, Number, Preset, SeedStatistic, Setup
from search.compare.presets.registry import find_settings
from search.job.progress import Progress, silent
from spaces.direction import sign_of

from .arm_training import Planned, plan_all
from .pipeline import Comparison, compare_arms
from .standing import ArmRuns
from .terms import Terms

__all__ = ["Filled", "compare_cells", "fill", "paper_settings", "setups_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """Our numbers in the cells of one data set and setup, by row and column; what they are of, in a line; and
    the task's notes."""

    numbers: Mapping[tuple[str, str], Number]
    about: str
    notes: tuple[str, ...]


def setups_of(preset: Preset, dataset: str) -> list[Setup]:
    """Whose hyperparameters the cells of a data set take, without repeats."""
    arms = [preset.arm(cell.arm) for cell in preset.cells if cell.arm is not None and cell.dataset == dataset]
    return list(dict.fromkeys(arm.setup for arm in arms))


def paper_settings(preset: Preset, dataset: str, setup: Setup) -> dict[str, object]:
    """What the paper says of settings, by name, where it says anything."""
    settings = find_settings(preset.model, dataset, setup)
    metrics = [cell.metric for cell in _cells(preset, dataset, setup) if cell.metric != "seconds"]
    said: dict[str, object] = {
        "model": preset.model,
        "metric": next(iter(metrics), None),
        "batch_size": settings.batch_size,
        "epochs": float(settings.epochs),
        "lr": settings.learning_rate,
        "weight_decay": settings.weight_decay,
        "max_length": settings.max_length,
        "lora_alpha": settings.lora_alpha,
        "shortcut_alpha": settings.shortcut_alpha,
        "warmup": settings.warmup,
    }
    return {name: value for name, value in said.items() if value is not None}


def compare_cells(
    preset: Preset,
    dataset: str,
    setup: Setup,
    terms: Terms,
    seeds: Sequence[int],
    folder: Path,
    *,
    progress: Progress = silent,
) -> Comparison:
    """The arms of the cells of one data set and setup, trained and ranked as ``compare_arms`` says."""
    cells = _cells(preset, dataset, setup)
    arms = [preset.arm(label) for label in dict.fromkeys(cell.arm for cell in cells) if label is not None]
    plans = plan_all([arm.arm for arm in arms], terms)
    return compare_arms(plans, terms, seeds, folder, progress=progress)


def fill(preset: Preset, dataset: str, setup: Setup, trained: Comparison, terms: Terms) -> Filled:
    """The cells of one data set and setup, from the arms that were trained for them."""
    task, training = terms.ground.inputs.task, terms.training
    rate = training.lr or terms.learning_rates[0]
    about = (
        f"{trained.board.title}; {task.objective.metric_title}; lr {rate:g}, batches of "
        f"{training.batch_size}, weight decay {training.weight_decay:g}, warm-up {training.warmup:g}"
    )
    by_label = {runs.arm.label: (runs, one) for runs, one in zip(trained.runs, trained.chosen, strict=True)}
    found = {}
    for cell in _cells(preset, dataset, setup):
        own, chosen = by_label[cell.arm or ""]
        if (number := _number(cell, own, chosen.planned, preset.statistic)) is not None:
            found[cell.row, cell.column] = number
    return Filled(found, about, task.notes)


def _cells(preset: Preset, dataset: str, setup: Setup) -> list[Cell]:
    return [c for c in preset.cells if c.dataset == dataset and c.arm and preset.arm(c.arm).setup == setup]


def _number(cell: Cell, own: ArmRuns, planned: Planned, statistic: SeedStatistic) -> Number | None:
    """The statistic over the seeds that finished, as papers print it; None without one."""
    done = [run for run in own.runs if run.evaluation.failure is None]
    if cell.metric == "seconds":
        return _summary([run.evaluation.seconds for run in done], statistic)
    task = planned.workload.task
    scale, sign = 100.0 if task.objective.in_percent else 1.0, sign_of(task.objective.direction)
    if not cell.ranks:
        metrics = [run.evaluation.metric for run in done if run.evaluation.metric is not None]
        return _summary([scale * metric for metric in metrics], statistic)
    workload, model = planned.workload, planned.job.model
    swept = [rank_sweep(model, workload.sites, task, run, workload.recipe, task.test) for run in done]
    numbers = []
    for rank in cell.ranks:
        scores = [one.score for scores in swept for one in scores if one.rank == rank and one.score]
        if number := _summary([scale * score.metric for score in scores], statistic):
            numbers.append(replace(number, rank=rank if len(cell.ranks) > 1 else None))
    return max(numbers, key=lambda number: sign * number.value, default=None)


def _summary(values: Sequence[float], statistic: SeedStatistic) -> Number | None:
    if not values:
        return None
    middle = np.median(values) if statistic == "median" else np.mean(values)
    return Number(float(middle), float(np.std(values, ddof=1)) if len(values) > 1 else None)
