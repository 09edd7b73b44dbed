"""The best whole training so far, against what was spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from .ended_trial import EndedTrial

__all__ = ["BestSoFar", "best_so_far", "median_spent_to_reach"]

Unit = Literal["steps", "seconds"]


@dataclass(frozen=True, slots=True)
class BestSoFar:
    """A staircase. spent, loss: at each step of it, ascending and descending; all: what the search spent."""

    spent: tuple[float, ...]
    loss: tuple[float, ...]
    all: float

    def at(self, spent: float) -> float | None:
        """The best loss when so much was spent; None before the first whole training."""
        found = [loss for at, loss in zip(self.spent, self.loss, strict=True) if at <= spent]
        return found[-1] if found else None

    def spent_to_reach(self, loss: float) -> float | None:
        """What was spent when the best was at most ``loss``; None where it never was.

        >>> BestSoFar((10.0, 30.0), (0.5, 0.4), 40.0).spent_to_reach(0.45)
        30.0
        """
        stairs = zip(self.spent, self.loss, strict=True)
        return next((at for at, one in stairs if one <= loss), None)


def best_so_far(trials: Sequence[EndedTrial], unit: Unit) -> BestSoFar:
    """Of one search's trials, in the order in which they ended. unit: steps are candidate-steps."""
    spent: list[float] = []
    best: list[float] = []
    for trial in trials:
        if trial.loss is not None and (not best or trial.loss < best[-1]):
            spent.append(_spent(trial, unit))
            best.append(trial.loss)
    return BestSoFar(tuple(spent), tuple(best), max((_spent(one, unit) for one in trials), default=0.0))


def median_spent_to_reach(searches: Sequence[BestSoFar], targets: Sequence[float]) -> float | None:
    """Over pairs of a search and its target; None where half of the searches or more never reach theirs."""
    reached = [own.spent_to_reach(target) for own, target in zip(searches, targets, strict=True)]
    if sum(one is None for one in reached) * 2 >= len(reached):
        return None
    found = median(float("inf") if one is None else one for one in reached)
    return None if found == float("inf") else found


def _spent(trial: EndedTrial, unit: Unit) -> float:
    return float(trial.steps) if unit == "steps" else trial.seconds
