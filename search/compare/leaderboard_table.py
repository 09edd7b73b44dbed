"""A comparison as the table that a person reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from search.job.text_lines import how_generated, sample_lines, text_of_all
from search.show.aligned_text import aligned, wrapped
from search.show.number_format import p_equation, with_interval
from search.statistics.interval import Interval
from spaces.counted import counted
from spaces.printable import printable

from .leaderboard import Leaderboard
from .questions import Finding
from .standing import Standing

__all__ = ["format_leaderboard", "leaderboard_samples"]

_OF_THE_METRIC: Final = ("method", "test {metric}", "difference [95 % t]", "Holm p", "median")
_OF_THE_RUNS: Final = (
    "parameters",
    "average",
    "peak",
    "lr, scaling",
    "s/run",
    "time",
    "memory",
)


def format_leaderboard(board: Leaderboard) -> str:
    """The verdict in one line, then lines of at most 80 columns, without ``leaderboard_samples``.

    The table, the best method first; how to read it; the questions, the notes, and what failed; what was
    written.
    """
    beside = list(dict.fromkeys(name for one in board.standings for name in one.beside))
    title = [cell.format(metric=board.metric_title) for cell in _OF_THE_METRIC]
    table = [(*title, *beside, *_OF_THE_RUNS)]
    table += [
        (*_metric_of(one), *_beside_of(one, beside), *_runs_of(one, at_an_edge=one.label in board.at_an_edge))
        for one in board.standings
    ]
    sentences = [part for line in _below(board) for part in wrapped(line)]
    return "\n".join([printable(board.verdict), "", *aligned(table), "", *sentences, *_text(board)])


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
    yield f"saved in {board.output}"


def _text(board: Leaderboard) -> list[str]:
    """How well every arm wrote, where it was asked to."""
    if board.text is None:
        return []
    order = [one.label for one in board.standings]
    return ["", *wrapped(how_generated(board.text)), *text_of_all(board.text, order)]


def leaderboard_samples(board: Leaderboard) -> str:
    """Some of what the baseline and the best wrote, below the table; empty where they were not asked to."""
    if board.text is None:
        return ""
    first = board.standings[0].label
    names = [name for name in dict.fromkeys((board.baseline, first)) if name is not None]
    return "\n".join(sample_lines(board.text, names=names))


def _metric_of(one: Standing) -> tuple[str, ...]:
    """The cells under ``_OF_THE_METRIC``."""
    if one.metric is None:
        return (one.label, "failed", "-", "-", "-")
    apart = one.difference
    return (
        one.label,
        f"{one.metric}{_of_seeds(one)}",
        "-" if apart is None else _interval(apart.interval),
        "-" if apart is None or apart.p_holm is None else f"{apart.p_holm:.3f}",
        f"{one.median:.4f}",
    )


def _beside_of(one: Standing, names: Sequence[str]) -> tuple[str, ...]:
    """The mean of each other metric."""
    return tuple(f"{one.beside[name].mean:.4f}" if name in one.beside else "-" for name in names)


def _runs_of(one: Standing, *, at_an_edge: bool) -> tuple[str, ...]:
    """The cells under ``_OF_THE_RUNS``."""
    setting = f"{one.learning_rate:.2g}{'*' if at_an_edge else ''}, {one.scaling}"
    if one.metric is None:
        return ("-", "-", "-", setting, "-", "-", "-")
    return (
        f"{one.end:,}",
        "-" if one.average is None else f"{round(one.average):,}",
        f"{one.peak:,}",
        setting,
        f"{one.seconds:.0f}",
        "-" if one.overhead is None else f"{one.overhead:.2f}",
        "-" if one.peak_memory is None else f"{one.peak_memory / 2**20:,.0f} MB",
    )


def _of_seeds(one: Standing) -> str:
    """How many seeds the mean is of, where that is not all of them."""
    if one.metric is None or not one.failures:
        return ""
    return f" ({one.metric.count} of {counted(len(one.metrics), 'seed')})"


def _interval(interval: Interval) -> str:
    return with_interval(interval.mean, interval.low, interval.high, 4)


def _answer(one: Finding) -> str:
    p_value = one.difference.p_holm
    corrected = "" if p_value is None else f", Holm-corrected {p_equation(p_value)}"
    return f"{one.question} {one.verdict}, {_interval(one.difference.interval)}{corrected}"
