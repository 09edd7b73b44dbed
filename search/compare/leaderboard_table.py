"""A comparison as the table that a person reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from search.show.aligned_text import aligned, wrapped
from search.show.number_format import p_equation, with_interval
from spaces.counted import counted
from spaces.printable import printable

__all__ = ["format_leaderboard", "title_of"]

_REFERENCES: Final = ("full", "flop", "head")  # lines outside the budget
_LEAST_SPENT = 0.95  # of the budget, by an arm that is compared at it

_HEAD = (
    "method",
    "test {metric}",
    "difference [95 % t]",
    "Holm p",
    "median",
    "parameters",
    "average",
    "peak",
    "lr, scaling",
    "s/run",
    "time",
    "memory",
)


def title_of(result: Mapping[str, Any]) -> str:
    """What was compared on what: the model, the task, rows, epochs, seeds and the budget."""
    return (
        f"{result['model']} on {result['task']}: {counted(result['rows']['train'], 'row')}, "
        f"{counted(result['epochs'], 'epoch')}, {counted(len(result['seeds']), 'seed')}, "
        f"budget {counted(result['budget'], 'parameter')}"
    )


def format_leaderboard(result: Mapping[str, Any]) -> str:
    """``leaderboard.json`` as text: the verdict in one line, then lines of at most 80 columns.

    The table, the best method first; how to read it; the questions, the notes, and what failed.
    """
    metric, rows, baseline = result["metric_title"], result["leaderboard"], result["baseline"]
    table = [tuple(cell.format(metric=metric) for cell in _HEAD)]
    edges = _at_an_edge(result)
    table += [_cells(row, edges) for row in rows]
    lines = [title_of(result)]
    if baseline is not None:
        lines.append(f"difference: to {baseline}, seed by seed; time: of its run over {baseline}'s")
    lines.append(
        "parameters, without the head: at the end, moved by the optimizer on average and at most in a step; "
        "memory: peak of its process"
    )
    if edges:
        lines.append(
            "*: the best of its learning rates is the least or the greatest given; `lrs` may be extended"
        )
    lines += _off_the_budget(rows, result["budget"])
    lines += [_answer(one) for one in result["answers"]]
    failed = [(row["label"], reason) for row in rows for reason in row["failures"]]
    lines += [f"note: {note}" for note in result["notes"]]
    lines += [f"failed: {label}: {reason}" for label, reason in failed]
    lines.append(f"saved in {result['output']}")
    sentences = [part for line in lines for part in wrapped(line)]
    return "\n".join([printable(result["verdict"]), "", *aligned(table), "", *sentences])


def _at_an_edge(result: Mapping[str, Any]) -> frozenset[str]:
    """Labels of the arms for which the least or the greatest of several learning rates was chosen."""
    rates: dict[str, set[float]] = {}
    for point in result["tuning"]:
        rates.setdefault(point["label"], set()).add(point["lr"])
    return frozenset(
        row["label"]
        for row in result["leaderboard"]
        if len(own := rates.get(row["label"], set())) > 1 and row["learning_rate"] in (min(own), max(own))
    )


def _off_the_budget(rows: Sequence[Mapping[str, Any]], budget: int) -> list[str]:
    """A line that names the arms whose end lies above the budget, or well below it."""
    off = [
        f"{row['label']} {row['end']:,}"
        for row in rows
        if row["end"] is not None
        and re.split(r"[@/\[]", row["label"])[0] not in _REFERENCES
        and not _LEAST_SPENT * budget <= row["end"] <= budget
    ]
    return [f"not at the budget at the end: {', '.join(off)}"] if off else []


def _cells(row: Mapping[str, Any], edges: Collection[str]) -> tuple[str, ...]:
    metric, apart = row["metric"], row["difference"]
    edge = "*" if row["label"] in edges else ""
    setting = f"{row['learning_rate']:.2g}{edge}, {row['scaling']}"
    if metric is None:
        return (row["label"], "failed", *["-"] * 6, setting, "-", "-", "-")
    sd = "" if metric["sd"] is None else f" ± {metric['sd']:.4f}"
    return (
        row["label"],
        f"{metric['mean']:.4f}{sd}{_of_seeds(row)}",
        "-" if apart is None else _interval(apart["interval"]),
        "-" if apart is None or apart["p_holm"] is None else f"{apart['p_holm']:.3f}",
        f"{row['median']:.4f}",
        f"{row['end']:,}",
        f"{round(row['average']):,}",
        f"{row['peak']:,}",
        setting,
        f"{row['seconds']:.0f}",
        "-" if row["overhead"] is None else f"{row['overhead']:.2f}",
        f"{row['peak_memory'] / 2**20:,.0f} MB",
    )


def _of_seeds(row: Mapping[str, Any]) -> str:
    """How many seeds the mean is of, where that is not all of them."""
    return f" ({row['metric']['count']} of {counted(len(row['metrics']), 'seed')})" if row["failures"] else ""


def _interval(interval: Mapping[str, float | None]) -> str:
    return with_interval(interval["mean"], interval["low"], interval["high"], 4)


def _answer(one: Mapping[str, Any]) -> str:
    interval, p_value = one["difference"]["interval"], one["difference"]["p_holm"]
    corrected = "" if p_value is None else f", Holm-corrected {p_equation(p_value)}"
    return f"{one['question']} {one['verdict']}, {_interval(interval)}{corrected}"
