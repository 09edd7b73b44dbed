"""The result of a search as the table that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .aligned_text import aligned

__all__ = ["format_table"]

_HEAD = (
    "finalist",
    "parameters",
    "validation {metric}",
    "difference to uniform [95 %]",
    "seconds",
    "proposer",
)


def format_table(result: Mapping[str, Any]) -> str:
    """``result`` (see ``search.result``) as aligned text, best finalist first, the baseline last."""
    places = [*enumerate(result["finalists"], start=1), ("-", result["baseline"])]
    rows = [tuple(cell.format(metric=result["metric"]) for cell in _HEAD)]
    for place, entry in places:
        metric = _mean_sd(entry["metric_mean"], entry["metric_sd"])
        difference, seconds = _interval(entry["difference"]), f"{entry['seconds']:.0f}"
        rows.append(
            (str(place), f"{entry['params']:,}", metric, difference, seconds, _short(entry["proposers"]))
        )
    failures = [f"failed: {_short(e['proposers'])}: {reason}" for _, e in places for reason in e["failures"]]
    return "\n".join([*aligned(rows), "", *_winner(result), *failures, *_rest(result, len(places))])


def _winner(result: Mapping[str, Any]) -> list[str]:
    """Who was chosen, and what the rows that were used once say of it."""
    best = result["best"]
    chosen = (
        "the uniform baseline; no finalist beats it" if best["is_baseline"] else _short(best["proposers"])
    )
    return [f"chosen by validation: {chosen}", f"test {result['metric']}: {_test(best)}"]


def _test(best: Mapping[str, Any]) -> str:
    if best["test"] is None:
        return "the table has no test rows"
    test, baseline = (_mean_sd(best[key]["mean"], best[key]["sd"]) for key in ("test", "baseline_test"))
    if best["is_baseline"]:
        return test
    return f"{test}, uniform {baseline}, difference {_interval(best['test_difference'])}"


def _rest(result: Mapping[str, Any], allocations: int) -> list[str]:
    spearman = {name: entry["spearman"] for name, entry in result["proxies"].items()}
    known = ", ".join(f"{name} {'n/a' if rho is None else f'{rho:+.2f}'}" for name, rho in spearman.items())
    seconds = ", ".join(
        f"{name.replace('_', '-')} {value:.0f} s" for name, value in result["seconds"].items()
    )
    seed, test = result["best"]["saved_seed"], result["best"]["saved_test"]
    adapter = "" if seed is None else f"adapter/ (seed {seed}, test {_number(test)}), "
    return [
        f"rank correlation of proxies with the metric, over only {allocations} allocations: {known}",
        f"time: {seconds}",
        f"saved in {result['output']}: {adapter}allocation.json, ranks.png, study.db, result.json",
    ]


def _short(proposers: Sequence[str]) -> str:
    """The first proposer, and how many others came to the same allocation."""
    first, *others = proposers
    return first if not others else f"{first} (+{len(others)} more)"


def _number(value: float | None) -> str:
    return "failed" if value is None else f"{value:.4f}"


def _mean_sd(mean: float | None, sd: float | None) -> str:
    return _number(mean) + ("" if sd is None else f" ± {sd:.4f}")


def _interval(difference: Mapping[str, float | None] | None) -> str:
    if difference is None:
        return "-"
    low, high = difference["low"], difference["high"]
    return f"{difference['mean']:+.4f}" + ("" if low is None else f" [{low:+.4f}, {high:+.4f}]")
