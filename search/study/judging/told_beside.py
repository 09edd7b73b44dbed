"""The metrics that a study does not judge by, of its uniform allocation and of its best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from evaluators.store.benchmark_table import Entry
from evaluators.training.beside import values_beside
from search.study.origin import UNIFORM_ORIGIN
from spaces.direction import Direction

from .columns import truths_of

__all__ = ["ToldBeside", "told_beside"]


@dataclass(frozen=True, slots=True)
class ToldBeside:
    """A metric other than that which judges, as means over seeds, on the same rows.

    uniform: of the uniform allocation; None where it is not there or a run of it failed. best: of the
    allocation that is best by the metric which judges, drawn by ``best_origin``.
    """

    metric: str
    uniform: float | None
    best: float
    best_origin: str

    def __str__(self) -> str:
        of_best = f"{self.best:.4f} of {self.best_origin}, the best"
        if self.uniform is None or self.best_origin == str(UNIFORM_ORIGIN):
            return f"{self.metric} {of_best}"
        return f"{self.metric} {self.uniform:.4f} of uniform, {of_best}"

    def to_json(self) -> dict[str, object]:
        """A JSON object."""
        return asdict(self)


def told_beside(entries: Sequence[Entry], direction: Direction) -> list[ToldBeside]:
    """One for each other metric of these allocations, of which those with a failed run are passed over.

    direction: of the metric that judges.
    """
    judged = truths_of(entries, "metric", direction).mean(axis=1)
    whole = [i for i in range(len(entries)) if np.isfinite(judged[i])]
    if not whole:
        return []
    best = entries[max(whole, key=lambda i: float(judged[i]))]
    uniform = next((entries[i] for i in whole if str(UNIFORM_ORIGIN) in entries[i].origins), None)
    known = {} if uniform is None else _means(uniform)
    return [ToldBeside(name, known.get(name), mean, best.origins[0]) for name, mean in _means(best).items()]


def _means(entry: Entry) -> dict[str, float]:
    return {name: float(np.mean(values)) for name, values in values_beside(entry.runs).items()}
