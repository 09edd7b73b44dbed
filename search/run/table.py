"""The result of a search as the text that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.show.aligned_text import aligned, wrapped
from search.show.number_format import with_interval
from spaces.counted import counted
from spaces.printable import printable

__all__ = ["format_table"]

_HEAD = ("proposed by", "parameters", "{metric}", "minus uniform [95 %]", "s")


def format_table(result: Mapping[str, Any]) -> str:
    """``result`` (see ``search.run.result``): the verdict in one line, then lines of at most 80 columns.

    The finalists as they did on the validation rows, the best first and the baseline last; what the rows used
    once say of the one chosen; notes and failures; where all of it lies.
    """
    entries = [*result["finalists"], result["baseline"]]
    rows = [tuple(cell.format(metric=result["metric_title"]) for cell in _HEAD)]
    rows += [
        (
            _short(entry["proposers"]),
            f"{entry['params']:,}",
            _mean_sd(entry["metric_mean"], entry["metric_sd"]),
            _interval(entry["difference"]),
            f"{entry['seconds']:.0f}",
        )
        for entry in entries
    ]
    failures = [f"failed: {_short(e['proposers'])}: {reason}" for e in entries for reason in e["failures"]]
    notes = [f"note: {note}" for note in result["notes"]]
    sentences = [*_chosen(result), *failures, *notes, *_rest(result, len(entries))]
    lines = [line for sentence in sentences for line in wrapped(sentence)]
    return "\n".join([printable(result["verdict"]), "", *aligned(rows, right=(4,)), "", *lines])


def _chosen(result: Mapping[str, Any]) -> list[str]:
    """On which rows the table is, who was chosen, and what the rows that were used once say of it."""
    best, rows, metric = result["best"], result["rows"], result["metric_title"]
    chosen = "uniform, none is ahead of it" if best["is_baseline"] else _short(best["proposers"])
    where = f"{counted(rows['validation'], 'validation row')}" if rows else "the validation rows of a table"
    said = [f"above: {metric} on {where}; chosen by it: {chosen}"]
    if best["test"] is None:
        return [*said, "the table has no test rows"]
    test, baseline = (_mean_sd(best[key]["mean"], best[key]["sd"]) for key in ("test", "baseline_test"))
    on_test = f"test: {metric} on {counted(rows['test'], 'test row')}, used once: {test}"
    if best["is_baseline"]:
        return [*said, on_test]
    return [*said, f"{on_test}, uniform {baseline}, difference {_interval(best['test_difference'])}"]


def _rest(result: Mapping[str, Any], allocations: int) -> list[str]:
    spearman = {name: entry["spearman"] for name, entry in result["proxies"].items()}
    known = ", ".join(f"{name} {'n/a' if rho is None else f'{rho:+.2f}'}" for name, rho in spearman.items())
    seconds = ", ".join(
        f"{name.replace('_', '-')} {value:.0f} s" for name, value in result["seconds"].items()
    )
    seed, test = result["best"]["saved_seed"], result["best"]["saved_test"]
    adapter = "" if seed is None else f"adapter/ (seed {seed}, test {_number(test)}), "
    only = counted(allocations, "allocation")
    return [
        f"rank correlation of proxies with the metric, over only {only}: {known}",
        f"time: {seconds}",
        f"saved in {result['output']}: {adapter}allocation.json, ranks.png, study.db, result.json",
    ]


def _short(proposers: Sequence[str]) -> str:
    """The first proposer, and how many others came to the same allocation."""
    first, *others = proposers
    return first if not others else f"{first} (+{len(others)})"


def _number(value: float | None) -> str:
    return "failed" if value is None else f"{value:.4f}"


def _mean_sd(mean: float | None, sd: float | None) -> str:
    return _number(mean) + ("" if sd is None else f" ± {sd:.4f}")


def _interval(difference: Mapping[str, Any] | None) -> str:
    if difference is None:
        return "-"
    return with_interval(difference["mean"], difference["low"], difference["high"], 4)
