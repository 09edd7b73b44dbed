"""What is known of an experiment, written down: tables with every run, and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from search.show.difference_plot import DifferenceLine, draw_differences
from search.show.number_format import p_equation
from search.show.sheet import Sheet, SheetPart
from search.statistics.holm import holm
from search.statistics.interval import Interval
from search.statistics.paired import LEVEL
from spaces.counted import counted
from spaces.show.picture import save_png

from .cell import Cell, Experiment
from .conduct import SEEDS
from .equal_quality import Needed, needed
from .findings import Answer, Observed, answers, observed
from .laboratory import Laboratory
from .ladder_plot import LadderPoint, Lines, ladder_figure
from .same_mean import same_mean
from .tables import answer_table, experiment_note, needed_table, run_table, tuning_table
from .ways import Randomly

__all__ = ["params_needed", "random_ones", "write_report"]

_REFERENCE: Final = 2.0
"""The mean rank whose uniform loss others are to reach."""


def write_report(experiment: Experiment, laboratory: Laboratory, folder: Path) -> None:
    """``report.md`` with its tables as CSV, and a picture for each block; of a ladder one of all budgets."""
    cells = observed(experiment, laboratory)
    if not cells:
        return
    folder.mkdir(parents=True, exist_ok=True)
    found = answers(experiment, cells)
    parts: list[SheetPart] = [answer_table(cells, found)]
    lines, metric = _by_way(cells), laboratory.job.task.objective.metric_title
    if experiment.name == "ladder":
        params = laboratory.at(_REFERENCE).max_params
        for by, value in (("loss", Observed.losses), (metric, Observed.errors)):
            if reached := params_needed(lines, value):
                said = f"Parameters for the {by} of {next(iter(lines))} at {params:,}; bootstrap over seeds."
                parts += [(said,), needed_table(reached, params, by=by)]
        parts.append(random_ones(cells))
        _draw_ladder(lines, found, metric, folder / "ladder.png")
    Sheet(experiment_note(experiment, cells), tuple(parts)).write(folder, "report")
    for table in (run_table(cells, laboratory), tuning_table(cells)):
        (folder / f"{table.name}.csv").write_text(table.csv())
    for number, block in enumerate(experiment.blocks):
        _draw_block(
            [cells[cell] for cell in block if cell in cells], found, folder / f"block-{number + 1}.png"
        )


def params_needed(
    lines: Mapping[str, Sequence[Observed]],
    value: Callable[[Observed, Sequence[int]], Sequence[float | None]] = Observed.losses,
) -> dict[str, Needed]:
    """Of every way that has several budgets, what it needs for the value of the first way at the reference.

    value: of a cell's runs with these seeds, the lower the better.
    """
    (_, baseline), *_ = lines.items()
    target = next((one for one in baseline if one.cell.mean_rank == _REFERENCE), None)
    if target is None:
        return {}
    found = {}
    for way, rungs in lines.items():
        seeds = [seed for seed in range(SEEDS) if all(_ended(one, seed) for one in (*rungs, target))]
        if len(rungs) > 1 and len(seeds) > 1:
            losses = np.array([value(one, seeds) for one in rungs], dtype=float)
            aim = np.array(value(target, seeds), dtype=float)
            found[way] = needed([one.mean_params for one in rungs], losses, aim)
    return found


def random_ones(cells: Mapping[Cell, Observed]) -> tuple[str, ...]:
    """A sentence for each budget at which several random allocations have runs: whether they differ, Holm's
    correction over the budgets."""
    rungs: dict[float, list[Observed]] = {}
    for cell, one in cells.items():
        if isinstance(cell.way, Randomly):
            rungs.setdefault(cell.mean_rank, []).append(one)
    tested, p_values = [], []
    for rank, own in rungs.items():
        seeds = [seed for seed in range(SEEDS) if all(_ended(one, seed) for one in own)]
        if len(own) > 1 and len(seeds) > 1:
            tested.append((rank, f"{counted(len(own), 'allocation')} and {counted(len(seeds), 'seed')}"))
            p_values.append(same_mean(np.array([one.losses(seeds) for one in own], dtype=float)))
    return tuple(
        f"random ones at mean rank {rank:g} {'differ' if p < LEVEL else 'are not shown to differ'}, "
        f"Holm-corrected {p_equation(p)} (F test): {runs}"
        for (rank, runs), p in zip(tested, holm(p_values), strict=True)
    )


def _ended(one: Observed, seed: int) -> bool:
    return seed in one.runs and one.runs[seed].loss is not None


def _by_way(cells: Mapping[Cell, Observed]) -> dict[str, list[Observed]]:
    """The rungs of every way, by parameters."""
    lines: dict[str, list[Observed]] = {}
    for cell, one in cells.items():
        lines.setdefault(cell.title, []).append(one)
    return {way: sorted(own, key=lambda one: one.mean_params) for way, own in lines.items()}


def _draw_ladder(
    lines: Mapping[str, Sequence[Observed]], found: Sequence[Answer], metric: str, path: Path
) -> None:
    by_loss = {one.contrast.cell: one.loss.interval for one in found}
    by_metric = {one.contrast.cell: one.metric.interval for one in found}
    panels: dict[str, Lines] = {
        "loss": _points(lines, by_loss, Observed.losses),
        metric: _points(lines, by_metric, Observed.metrics),
    }
    save_png(ladder_figure(panels, title="Against trained parameters, by way of allocating"), path)


def _points(
    lines: Mapping[str, Sequence[Observed]],
    differences: Mapping[Cell, Interval | None],
    value: Callable[[Observed, Sequence[int]], Sequence[float | None]],
) -> Lines:
    return {
        way: [
            LadderPoint(
                one.mean_params,
                float(np.mean([own for own in value(one, sorted(one.runs)) if own is not None])),
                differences.get(one.cell),
            )
            for one in rungs
        ]
        for way, rungs in lines.items()
    }


def _draw_block(block: Sequence[Observed], found: Sequence[Answer], path: Path) -> None:
    if len(block) < 2:
        return
    differences = {one.contrast.cell: one for one in reversed(found)}
    lines = []
    for one in block:
        answer = differences.get(one.cell)
        losses = tuple(run.loss for run in one.runs.values() if run.loss is not None)
        if losses:
            interval = answer.loss.interval if answer else None
            lines.append(DifferenceLine(one.cell.title, losses, float(np.mean(losses)), interval))
    title = f"Loss at mean rank {block[0].cell.mean_rank:g}, {block[0].mean_params:,.0f} parameters"
    against = {differences[one.cell].contrast.baseline for one in block if one.cell in differences}
    baseline = block[0].cell.title if against <= {block[0].cell} else "its own baseline"
    draw_differences(lines, path, title=title, label="loss", baseline=baseline)
