"""The metrics that stand beside a task's own, over several runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

__all__ = ["HasBeside", "values_beside"]


class HasBeside(Protocol):
    """A ``Score``, or the ``Evaluation`` of a run."""

    @property
    def beside(self) -> tuple[tuple[str, float], ...]: ...


def values_beside(found: Iterable[HasBeside]) -> dict[str, tuple[float, ...]]:
    """The values of each other metric by its name, in order, of all that have it.

    >>> from evaluators.objectives.task_objective import Score
    >>> values_beside([Score(2.0, 2.0, (("perplexity", 7.4),)), Score(1.0, 1.0, (("perplexity", 2.7),))])
    {'perplexity': (7.4, 2.7)}
    """
    values: dict[str, tuple[float, ...]] = {}
    for one in found:
        for name, value in one.beside:
            values[name] = (*values.get(name, ()), value)
    return values
