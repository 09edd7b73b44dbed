"""The cells of a paper's table, trained with the paper's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluators.metrics.of_text import TEXT_METRICS
from search.compare.presets.preset import Cell, Number, Preset, Setup
from search.compare.presets.registry import find_settings
from search.job.progress import Progress, silent
from search.job.run_names import CANDIDATES
from search.methods.registry import METHODS
from spaces.counted import counted

from .arm_training import plan_all
from .cell_values import CellValues
from .pipeline import Comparison, compare_arms
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
    """What the paper says of settings, by name, where it says anything; its rates as an adapter's."""
    settings = find_settings(preset.model, dataset, setup)
    rate = METHODS["full"].rate if setup == "ft" else 1.0  # which an arm takes off again
    metrics = list(dict.fromkeys(cell.metric for cell in _cells(preset, dataset, setup)))
    texts = tuple(name for name in metrics if name in TEXT_METRICS)
    said: dict[str, object] = {
        "model": preset.model,
        "metric": next((name for name in metrics if name not in (*texts, "seconds")), None),
        "generate": True if texts else None,
        "text_metrics": texts or None,
        "batch_size": settings.batch_size,
        "epochs": float(settings.epochs),
        "lr": settings.learning_rate / rate,
        "weight_decay": settings.weight_decay,
        "max_length": settings.max_length,
        "lora_alpha": settings.lora_alpha,
        "shortcut_alpha": settings.shortcut_alpha,
        "warmup": settings.warmup,
        "max_grad_norm": settings.max_grad_norm,
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


def fill(
    preset: Preset,
    dataset: str,
    setup: Setup,
    trained: Comparison,
    terms: Terms,
    *,
    progress: Progress = silent,
) -> Filled:
    """The cells of one data set and setup, from the arms that were trained for them; some of these write
    again, cut to the ranks of the cells."""
    task, training, board = terms.ground.inputs.task, terms.training, trained.board
    rates = ", ".join(dict.fromkeys(f"{one.learning_rate:g}" for one in trained.chosen))
    about = (
        f"{board.title}; {task.objective.metric_title}; lr {rates}, batches of "
        f"{training.batch_size}, weight decay {training.weight_decay:g}, warm-up {training.warmup:g}"
    )
    if board.text is not None:
        beams = counted(int(board.text.decoding["beams"]), "beam")
        about += f"; answers to {counted(board.text.prompts, 'prompt')}, {beams}"
    folder = board.output / CANDIDATES
    values = {
        runs.arm.label: CellValues(runs, one.planned, terms.ground, board.text, folder, progress)
        for runs, one in zip(trained.runs, trained.chosen, strict=True)
    }
    found = {}
    for cell in _cells(preset, dataset, setup):
        if (number := values[cell.arm or ""].number(cell, preset.statistic)) is not None:
            found[cell.row, cell.column] = number
    return Filled(found, about, task.notes)


def _cells(preset: Preset, dataset: str, setup: Setup) -> list[Cell]:
    return [c for c in preset.cells if c.dataset == dataset and c.arm and preset.arm(c.arm).setup == setup]
