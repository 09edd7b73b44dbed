"""A comparison as the table that a person reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from search.job.text_lines import sample_lines, text_of_all
from search.show.number_format import ABSENT, mean_sd, p_equation
from search.show.sheet import Sheet
from search.show.table import (
    Column,
    Table,
    TableCell,
    TableRow,
    count_cell,
    interval_cell,
    p_cell,
    word_cell,
)
from spaces.counted import counted

from .leaderboard import Leaderboard
from .questions import Finding
from .standing import Standing

__all__ = ["leaderboard_samples", "leaderboard_sheet"]

_OF_THE_RUNS: Final = (
    Column("parameters", ("parameters",)),
    Column("average", ("average_parameters",)),
    Column("peak", ("peak_parameters",)),
    Column("lr, scaling", ("lr", "scaling")),
    Column("s/run", ("seconds_per_run",)),
    Column("time", ("time",)),
    Column("memory", ("peak_memory_bytes",)),
)


def leaderboard_sheet(board: Leaderboard) -> Sheet:
    """The verdict, and below it all but ``leaderboard_samples``.

    The table, the best method first; how to read it; the questions, the notes, and what failed; what was
    written.
    """
    beside = list(dict.fromkeys(name for one in board.standings for name in one.beside))
    metric = f"test_{board.metric}"
    columns = (
        Column("method", ("method",), words=True),
        Column(f"test {board.metric_title}", (metric, f"{metric}_sd", "seeds")),
        Column("difference [95 % t]", ("difference", "difference_low", "difference_high")),
        Column("Holm p", ("p_holm",)),
        Column("median", ("median",)),
        *(Column(name, (name, f"{name}_sd")) for name in beside),
        *_OF_THE_RUNS,
    )
    rows = [
        TableRow(
            (
                *_metric_of(one),
                *_beside_of(one, beside),
                *_runs_of(one, at_an_edge=one.label in board.at_an_edge),
            )
        )
        for one in board.standings
    ]
    return Sheet(board.verdict, (Table("", columns, tuple(rows)), tuple(_below(board)), *_text(board)))


def _below(board: Leaderboard) -> Iterator[str]:
    """The sentences under the table."""
    yield board.title
    if board.direction == "minimize":
        yield f"{board.metric_title}: less is better"
    if board.baseline is not None:
        yield (f"difference: to {board.baseline}, seed by seed; time: of its run over {board.baseline}'s")
    yield (
        "parameters, without the head: at the end, moved by the optimizer on average and at most in a step; "
        "memory: peak of its process"
    )
    if board.at_an_edge:
        yield "*: the best of its learning rates is the least or the greatest given; `lrs` may be extended"
    if off := [f"{label} {end:,}" for label, end in board.off_the_budget.items()]:
        yield f"not at the budget at the end: {', '.join(off)}"
    yield from map(_answer, board.findings)
    yield from (f"note: {note}" for note in board.notes)
    yield from (f"failed: {one.label}: {reason}" for one in board.standings for reason in one.failures)


def _text(board: Leaderboard) -> tuple[Table, ...]:
    """How well every arm wrote, where it was asked to."""
    if board.text is None:
        return ()
    return (text_of_all(board.text, [one.label for one in board.standings]),)


def leaderboard_samples(board: Leaderboard) -> str:
    """Some of what the baseline and the best wrote, below the table; empty where they were not asked to."""
    if board.text is None:
        return ""
    first = board.standings[0].label
    names = [name for name in dict.fromkeys((board.baseline, first)) if name is not None]
    return "\n".join(sample_lines(board.text, names=names))


def _metric_of(one: Standing) -> tuple[TableCell, ...]:
    """How it did, and how that differs."""
    metric, apart = one.metric, one.difference
    if metric is None:
        failed = TableCell("failed", (None, None, 0))
        return (word_cell(one.label), failed, interval_cell(None), _figure(None), _figure(None))
    return (
        word_cell(one.label),
        TableCell(mean_sd(metric.mean, metric.sd) + _of_seeds(one), (metric.mean, metric.sd, metric.count)),
        interval_cell(None if apart is None else apart.interval),
        p_cell(None if apart is None else apart.p_holm),
        _figure(one.median, ".4f"),
    )


def _beside_of(one: Standing, names: Sequence[str]) -> Iterator[TableCell]:
    """The mean of each other metric."""
    for name in names:
        own = one.beside.get(name)
        known = (None, None) if own is None else (own.mean, own.sd)
        yield TableCell(ABSENT if own is None else f"{own.mean:.4f}", known)


def _runs_of(one: Standing, *, at_an_edge: bool) -> tuple[TableCell, ...]:
    """The cells under ``_OF_THE_RUNS``."""
    setting = f"{one.learning_rate:.2g}{'*' if at_an_edge else ''}, {one.scaling}"
    chosen = TableCell(setting, (one.learning_rate, one.scaling))
    if one.metric is None:
        return (*[_figure(None)] * 3, chosen, *[_figure(None)] * 3)
    memory = one.peak_memory
    return (
        count_cell(one.end),
        _figure(one.average, ",.0f"),
        count_cell(one.peak),
        chosen,
        _figure(one.seconds, ".0f"),
        _figure(one.overhead, ".2f"),
        TableCell(ABSENT if memory is None else f"{memory / 2**20:,.0f} MB", (memory,)),
    )


def _figure(value: float | None, form: str = "") -> TableCell:
    return TableCell(ABSENT if value is None else format(value, form), (value,))


def _of_seeds(one: Standing) -> str:
    """How many seeds the mean is of, where that is not all of them."""
    if one.metric is None or not one.failures:
        return ""
    return f" ({one.metric.count} of {counted(len(one.metrics), 'seed')})"


def _answer(one: Finding) -> str:
    p_holm = one.difference.p_holm
    corrected = "" if p_holm is None else f", Holm-corrected {p_equation(p_holm)}"
    return f"{one.question} {one.verdict}, {interval_cell(one.difference.interval).text}{corrected}"
