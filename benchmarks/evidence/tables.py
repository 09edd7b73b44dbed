"""What is known of an experiment, as tables: every run, every contrast, what tuning tried."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from search.show.number_format import mean_sd
from search.show.table import Column, Table, TableCell, TableRow, count_cell, interval_cell, p_cell, word_cell
from search.statistics.summary import Summary

from .cell import Cell, Experiment, Knobs
from .equal_quality import Needed
from .findings import Answer, Observed
from .laboratory import Laboratory

__all__ = ["answer_table", "experiment_note", "needed_table", "run_table", "tuning_table"]

_KNOBS = (
    Column("scaling", ("scaling",), words=True),
    Column("alpha of shortcuts", ("shortcut_alpha",)),
    Column("rate", ("learning_rate",)),
)
_CELL = (
    Column("way", ("way",), words=True),
    Column("mean rank", ("mean_rank",)),
)


def answer_table(cells: Mapping[Cell, Observed], answers: Sequence[Answer]) -> Table:
    """A line for each cell, under the first of its contrasts: what it differs by, and how sure that is."""
    columns = (
        *_CELL,
        Column("parameters", ("params",)),
        *_KNOBS,
        Column("seeds", ("seeds",)),
        Column("loss", ("loss", "loss_sd")),
        Column("accuracy", ("metric", "metric_sd")),
        Column("against", ("against",), words=True),
        Column("difference of loss", ("loss_difference", "loss_low", "loss_high")),
        Column("p (Holm)", ("p_holm",)),
        Column("difference of accuracy", ("metric_difference", "metric_low", "metric_high")),
        Column("p (Holm) of it", ("metric_p_holm",)),
    )
    asked = {one.contrast.cell: one for one in reversed(answers)}
    rows = [TableRow(_answer_cells(one, asked.get(cell))) for cell, one in cells.items()]
    return Table("", columns, tuple(rows), "answers")


def _answer_cells(one: Observed, answer: Answer | None) -> tuple[TableCell, ...]:
    ended = [run for run in one.runs.values() if run.failure is None]
    edge = "" if one.tuned.inner else " (at an edge)"
    scaling, alpha, rate = _knob_cells(one.tuned.knobs)
    return (
        *_cell_cells(one.cell),
        count_cell(round(one.mean_params)),
        scaling,
        alpha,
        TableCell(rate.text + edge, rate.values),
        count_cell(len(ended)),
        _summary_cell([run.loss for run in ended if run.loss is not None]),
        _summary_cell([run.metric for run in ended if run.metric is not None]),
        word_cell(answer.contrast.baseline.title) if answer else TableCell("-", (None,)),
        interval_cell(answer.loss.interval if answer else None),
        p_cell(answer.loss.p_holm if answer else None),
        interval_cell(answer.metric.interval if answer else None),
        p_cell(answer.metric.p_holm if answer else None),
    )


def run_table(cells: Mapping[Cell, Observed], laboratory: Laboratory) -> Table:
    """Every run that is reported."""
    columns = (
        *_CELL,
        Column("parameters", ("params",)),
        *_KNOBS,
        *(Column(name, (name,)) for name in ("seed", "loss", "metric", "seconds")),
        Column("failure", ("failure",), words=True),
        Column("ranks", ("ranks",), words=True),
    )
    rows = []
    for cell, one in cells.items():
        for seed, run in one.runs.items():
            ranks = " ".join(f"{name}={rank}" for name, rank in laboratory.plan(cell, seed).ranks)
            numbers = (seed, run.loss, run.metric, round(run.seconds, 2))
            rows.append(
                TableRow(
                    (
                        *_cell_cells(cell),
                        count_cell(one.params[seed]),
                        *_knob_cells(one.tuned.knobs),
                        *(TableCell(str(number), (number,)) for number in numbers),
                        word_cell(run.failure or ""),
                        word_cell(ranks),
                    )
                )
            )
    return Table("", columns, tuple(rows), "runs")


def tuning_table(cells: Mapping[Cell, Observed]) -> Table:
    """What was trained to the end to tune by, and the mean loss that it came to."""
    columns = (*_CELL, *_KNOBS, Column("loss", ("loss",)), Column("chosen", ("chosen",)))
    rows = [
        TableRow(
            (
                *_cell_cells(cell),
                *_knob_cells(knobs),
                TableCell(f"{loss:.4f}", (loss if math.isfinite(loss) else None,)),
                TableCell("yes" if knobs == one.tuned.knobs else "", (knobs == one.tuned.knobs,)),
            )
        )
        for cell, one in cells.items()
        for knobs, loss in one.tuned.losses
    ]
    return Table("", columns, tuple(rows), "tuning")


def needed_table(found: Mapping[str, Needed], params: int, *, by: str) -> Table:
    """Parameters by way, and how many times fewer than ``params`` that are. by: what they are needed for."""
    columns = (
        Column("way", ("way",), words=True),
        Column("parameters [95 %]", ("params", "low", "high")),
        Column("times fewer [95 %]", ("times", "times_low", "times_high")),
    )
    rows = []
    for way, one in found.items():
        numbers = (one.params, one.low, one.high)
        times = (params / one.params, params / one.high, params / one.low)
        most = params / one.least
        rows.append(
            TableRow(
                (
                    word_cell(way),
                    TableCell("{} [{}, {}]".format(*(_whole(n, one.least) for n in numbers)), numbers),
                    TableCell("{} [{}, {}]".format(*(_times(n, most) for n in times)), times),
                )
            )
        )
    return Table("", columns, tuple(rows), f"needed-by-{by}")


def experiment_note(experiment: Experiment, cells: Mapping[Cell, Observed]) -> str:
    """How much of it there is."""
    runs = sum(len(one.runs) for one in cells.values())
    return f"{experiment.title}: {len(cells)} of {len(experiment.cells)} cells, {runs} reported runs."


def _cell_cells(cell: Cell) -> tuple[TableCell, ...]:
    return word_cell(cell.title), TableCell(f"{cell.mean_rank:g}", (cell.mean_rank,))


def _knob_cells(knobs: Knobs) -> tuple[TableCell, TableCell, TableCell]:
    return (
        word_cell(knobs.scaling),
        TableCell(f"{knobs.shortcut_alpha:g}", (knobs.shortcut_alpha,)),
        TableCell(f"{knobs.learning_rate:g}", (knobs.learning_rate,)),
    )


def _summary_cell(values: Sequence[float]) -> TableCell:
    if not values:
        return TableCell("-", (None, None))
    one = Summary.of(values)
    return TableCell(mean_sd(one.mean, one.sd), (one.mean, one.sd))


def _whole(params: float, least: float) -> str:
    """least: of what was trained, which may be more than is needed."""
    if math.isinf(params):
        return "more"
    return f"{'≤ ' if params <= least else ''}{params:,.0f}"


def _times(fewer: float, most: float) -> str:
    return f"{'≥ ' if fewer >= most else ''}{fewer:.2g}" if fewer else "-"
