"""A study's table as arrays, the way the statistics take them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import count

import numpy as np

from evaluators.store.benchmark_table import BenchmarkTable, Entry
from search.study.origin import RANDOM, Origin, group_of
from spaces.allocation import Allocation
from spaces.direction import Direction, sign_of

from .stratum_report import Truth
from .verdict import CONTROL

__all__ = ["origins_of", "params_of", "pooled_names", "scores_of", "truths_of"]


def truths_of(entries: Sequence[Entry], truth: Truth, direction: Direction = "maximize") -> np.ndarray:
    """(allocations, seeds), larger is better, NaN where a run failed. direction: of the metric."""
    values = [[run.metric if truth == "metric" else run.loss for run in entry.runs] for entry in entries]
    return np.array(values, dtype=np.float64) * sign_of(direction if truth == "metric" else "minimize")


def scores_of(table: BenchmarkTable, entries: Sequence[Entry]) -> dict[str, np.ndarray]:
    """By proxy, (allocations,); the parameter count itself in place of what the proxy of its name says."""
    of_proxy = np.array([[score for _, score in entry.scores] for entry in entries], dtype=np.float64)
    return {**dict(zip(table.proxies, of_proxy.T, strict=True)), CONTROL: params_of(entries)}


def origins_of(entry: Entry) -> tuple[Origin, ...]:
    """Who drew it, of the texts that the table holds."""
    return tuple(map(Origin.read, entry.origins))


def params_of(entries: Sequence[Entry]) -> np.ndarray:
    """Trainable parameters, (allocations,)."""
    return np.array([entry.params for entry in entries], dtype=np.float64)


def pooled_names(members: Sequence[Sequence[Entry]]) -> list[list[Hashable]]:
    """Of the allocations of strata that are pooled: equal for those whose truths are related.

    These are equal allocations and, at different budgets, those of one shape or of one number among the
    random ones, which are drawn from the same weights (``draw_budget``). In a table that does not number
    them, the turn stands for the number.
    """
    known: dict[int, dict[Allocation, Hashable]] = {}
    names: list[list[Hashable]] = []
    for entries in members:
        turn = count()
        patterns = {entry.allocation: _pattern(entry, turn) for entry in entries}
        budget = entries[0].stratum.max_params
        first = known.setdefault(budget, patterns)
        names.append([first.get(entry.allocation, (budget, entry.allocation)) for entry in entries])
    return names


def _pattern(entry: Entry, turn: Iterator[int]) -> Hashable:
    """What drew it at any budget; a proxy's pick is of its own budget."""
    origins = origins_of(entry)
    if group_of(origins) == "random":
        return next(turn) if origins[0] == RANDOM else origins[0]
    shapes = [origin for origin in origins if origin.group not in ("random", "proxy pick")]
    return shapes[0] if shapes else (entry.stratum.max_params, entry.allocation)
