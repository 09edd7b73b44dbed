"""A comparison as the table that a person reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.aligned_text import aligned

__all__ = ["format_leaderboard"]

_HEAD = (
    "",
    "method",
    "test {metric}",
    "median",
    "difference [95 % t]",
    "[95 % bootstrap]",
    "Holm p",
    "parameters",
    "peak",
    "lr, scaling",
    "s/run",
    "time",
)


def format_leaderboard(result: Mapping[str, Any]) -> str:
    """``leaderboard.json`` as aligned text: the table, the questions, and what failed."""
    metric, rows = result["metric"], result["leaderboard"]
    table = [tuple(cell.format(metric=metric) for cell in _HEAD)]
    table += [_cells(place, row, result["baseline"]) for place, row in enumerate(rows, start=1)]
    about = (
        f"{result['model']} on {result['task']}: {result['rows']['train']:,} rows, {result['epochs']:g} "
        f"epochs, {len(result['seeds'])} seeds, budget {result['budget']:,} parameters; difference to "
        f"{result['baseline']}, seed by seed; time: of its run over {result['baseline']}'s"
    )
    lines = [*aligned(table), "", about]
    lines += [_answer(one) for one in result["answers"]]
    failed = [(row["label"], reason) for row in rows for reason in row["failures"]]
    lines += [f"failed: {label}: {reason}" for label, reason in failed]
    return "\n".join([*lines, f"saved in {result['output']}"])


def _cells(place: int, row: Mapping[str, Any], baseline: str) -> tuple[str, ...]:
    metric, apart = row["metric"], row["difference"]
    setting = f"{row['learning_rate']:.2g}, {row['scaling']}"
    if metric is None:
        return ("-", row["label"], "failed", *["-"] * 6, setting, "-", "-")
    sd = "" if metric["sd"] is None else f" ± {metric['sd']:.4f}"
    return (
        str(place),
        row["label"],
        f"{metric['mean']:.4f}{sd}",
        f"{row['median']:.4f}",
        "-" if apart is None else f"{apart['interval']['mean']:+.4f} {_bounds(apart['interval'])}".rstrip(),
        "-" if apart is None else _bounds(apart["bootstrap"]),
        "-" if apart is None or apart["p_holm"] is None else f"{apart['p_holm']:.3f}",
        f"{row['end']:,}",
        f"{row['peak']:,}",
        setting,
        f"{row['seconds']:.0f}",
        "-" if row["overhead"] is None else f"{row['overhead']:.2f}",
    )


def _bounds(interval: Mapping[str, float | None]) -> str:
    return "" if interval["low"] is None else f"[{interval['low']:+.4f}, {interval['high']:+.4f}]"


def _answer(one: Mapping[str, Any]) -> str:
    interval = one["difference"]["interval"]
    low, high = interval["low"], interval["high"]
    if low is None:
        verdict = "one seed cannot say"
    elif low > 0:
        verdict = "yes"
    else:
        verdict = "no, the reverse" if high < 0 else "not shown"
    return f"{one['question']} {verdict}: {interval['mean']:+.4f} {_bounds(interval)}".rstrip()
