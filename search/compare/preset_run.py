"""A table of a paper, trained with the paper's settings and laid out as the paper has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from evaluators.executors.spread import base_model_on
from evaluators.training.rank_sweep import rank_sweep
from search.cli.compare_options import COMMAND, GROWING, CompareOptions
from search.cli.options import flag_of
from search.cli.output_folder import OutputFolder, decisive, write_whole
from search.cli.output_path import output_path
from search.cli.provenance import Digests, inputs_of
from search.compare.presets.preset import Cell, Number, Preset, Setup, layout
from search.compare.presets.registry import PRESETS, SETTINGS, find_preset, find_settings, moved
from search.job.inputs import load_inputs
from search.show.aligned_text import aligned, wrapped
from spaces.errors import UsageError

from .arm_training import Planned, plan_all
from .leaderboard import ArmRuns
from .leaderboard_table import title_of
from .pipeline import compare_arms

__all__ = ["run_preset"]

_THE_TABLE_S: Final = frozenset({"methods", "space", "budget", "renorm", "seed"})


def run_preset(options: CompareOptions) -> tuple[dict[str, object], str]:
    """Trains the cells of a preset, data set by data set; gives what ``preset.json`` holds, and the table.

    Options that were typed go before the preset's. A model that no paper has is taken for the folder in
    which the preset's lies. Raises UsageError or InputError on what cannot be used.
    """
    if options.preset == "list":
        return _listed()
    preset = find_preset(options.preset or "")
    if options.model in {settings.model for settings in SETTINGS}:
        preset = moved(preset, options.model or "")
    if options.dataset:
        preset = preset.only(options.dataset)
    if options.train_file and len(preset.datasets) > 1:
        raise UsageError(
            f"--train-file has one data set, {preset.name} has {', '.join(preset.datasets)}; name one with "
            "--dataset."
        )
    if ignored := sorted(options.typed & _THE_TABLE_S):
        flags = ", ".join(flag_of(name) for name in ignored)
        raise UsageError(f"{flags}: {preset.name} has its own; leave them out, or --preset.")
    seeds = _seeds(preset, options)
    typed = sorted(options.typed & decisive(options, growing=GROWING).keys())  # goes before the paper's
    known = {**decisive(options, growing=GROWING), "typed": typed}
    folder = OutputFolder(output_path(options), COMMAND, known, inputs=partial(_inputs, preset, options))
    with folder.opened() as path:
        if options.threads:
            torch.set_num_threads(options.threads)
        ours: dict[tuple[str, str], Number] = {}
        trained: list[str] = []
        notes: dict[str, None] = {}
        for dataset in preset.datasets:
            for setup in _setups(preset, dataset):
                place = path / f"{dataset}-{setup}"
                numbers, about, said = _fill(preset, dataset, setup, options, seeds, place, folder)
                ours |= numbers
                trained.append(f"{dataset}, {setup}: {about}")
                notes |= dict.fromkeys(f"{dataset}: {note}" for note in said)
        text = "\n".join(
            [
                layout(replace(preset, seeds=seeds), ours),
                *(line for one in trained for line in wrapped(f"ours: {one}")),
                *(line for note in notes for line in wrapped(f"note: {note}")),
            ]
        )
        cells = [
            {"row": row, "column": column, "value": one.value, "sd": one.sd, "rank": one.rank}
            for (row, column), one in ours.items()
        ]
        result: dict[str, object] = {
            "preset": preset.name,
            "seeds": list(seeds),
            "trained": trained,
            "notes": list(notes),
            "cells": cells,
            "output": str(path),
        }
        write_whole(path / "preset.json", json.dumps(result, indent=2))
        write_whole(path / "preset.txt", text + "\n")
        return result, text


def _inputs(preset: Preset, options: CompareOptions) -> dict[str, Digests]:
    """Of the model and of every data set."""
    model = options.model if "model" in options.typed else preset.model
    named = [
        replace(options, model=model, task=None if options.train_file else one) for one in preset.datasets
    ]
    return {name: digests for one in named for name, digests in inputs_of(one).items()}


def _listed() -> tuple[dict[str, object], str]:
    about = {name: f"{one.source}: {one.model}, {', '.join(one.datasets)}" for name, one in PRESETS.items()}
    return dict(about), "\n".join(aligned([*about.items()], words=(0, 1)))


def _seeds(preset: Preset, options: CompareOptions) -> tuple[int, ...]:
    """The paper's own, or the first of them; raises UsageError where more were typed than it has."""
    distinct = tuple(dict.fromkeys(preset.seeds))
    if "seeds" not in options.typed:
        return distinct
    if options.seeds > len(distinct):
        raise UsageError(f"--seeds {options.seeds}: {preset.name} has {len(distinct)}, {distinct}.")
    return distinct[: options.seeds]


def _setups(preset: Preset, dataset: str) -> list[Setup]:
    """Whose hyperparameters the cells of a data set take, without repeats."""
    arms = [preset.arm(cell.arm) for cell in preset.cells if cell.arm is not None and cell.dataset == dataset]
    return list(dict.fromkeys(arm.setup for arm in arms))


def _fill(
    preset: Preset,
    dataset: str,
    setup: Setup,
    options: CompareOptions,
    seeds: Sequence[int],
    folder: Path,
    owner: OutputFolder,
) -> tuple[dict[tuple[str, str], Number], str, tuple[str, ...]]:
    """Our numbers in the cells of one data set and setup, what they are of, and the task's notes."""
    cells = [c for c in preset.cells if c.dataset == dataset and c.arm and preset.arm(c.arm).setup == setup]
    arms = [preset.arm(label) for label in dict.fromkeys(cell.arm for cell in cells) if label is not None]
    metric = next((cell.metric for cell in cells if cell.metric != "seconds"), None)
    typed = _options(preset, dataset, setup, options, metric)
    inputs = load_inputs(typed)
    plans = plan_all([arm.arm for arm in arms], typed, inputs)
    trained = compare_arms(plans, typed, seeds, folder, owner)
    about = (
        f"{title_of(trained.result)}; {inputs.task.objective.metric_title}; lr {typed.lr:g}, batches of "
        f"{typed.batch_size}, weight decay {typed.weight_decay:g}, warm-up {typed.warmup:g}"
    )
    by_label = {runs.arm.label: (runs, one) for runs, one in zip(trained.runs, trained.chosen, strict=True)}
    found = {}
    for cell in cells:
        own, chosen = by_label[cell.arm or ""]
        if (number := _number(cell, own, chosen.planned, preset.statistic)) is not None:
            found[cell.row, cell.column] = number
    return found, about, inputs.task.notes


def _options(
    preset: Preset, dataset: str, setup: Setup, options: CompareOptions, metric: str | None
) -> CompareOptions:
    """The options with the paper's settings wherever nothing else was typed."""
    settings = find_settings(preset.model, dataset, setup)
    paper: dict[str, Any] = {
        "model": preset.model,
        "task": None if options.train_file else dataset,
        "metric": metric,
        "batch_size": settings.batch_size,
        "epochs": float(settings.epochs),
        "lr": settings.learning_rate,
        "weight_decay": settings.weight_decay,
        "max_length": settings.max_length,
        "lora_alpha": settings.lora_alpha,
        "shortcut_alpha": settings.shortcut_alpha,
        "warmup": settings.warmup,
    }
    own = {name: value for name, value in paper.items() if value is not None and name not in options.typed}
    return replace(options, **own)


def _number(cell: Cell, own: ArmRuns, planned: Planned, statistic: str) -> Number | None:
    """The statistic over the seeds that finished, in percent, or seconds; None without one."""
    done = [run for run in own.runs if run.evaluation.failure is None]
    if cell.metric == "seconds":
        return _summary([run.evaluation.seconds for run in done], statistic)
    if not cell.ranks:
        return _summary(
            [100 * run.evaluation.metric for run in done if run.evaluation.metric is not None], statistic
        )
    workload = planned.workload
    task = workload.task
    model = base_model_on(workload.source, planned.search.devices[0])
    swept = [rank_sweep(model, workload.sites, task, run, workload.recipe, task.test) for run in done]
    numbers = []
    for rank in cell.ranks:
        scores = [
            one.metric for scores in swept for one in scores if one.rank == rank and one.metric is not None
        ]
        if number := _summary([100 * score for score in scores], statistic):
            numbers.append(replace(number, rank=rank if len(cell.ranks) > 1 else None))
    return max(numbers, key=lambda number: number.value, default=None)


def _summary(values: Sequence[float], statistic: str) -> Number | None:
    if not values:
        return None
    middle = np.median(values) if statistic == "median" else np.mean(values)
    return Number(float(middle), float(np.std(values, ddof=1)) if len(values) > 1 else None)
