"""What trials are worth by each objective, and which of them none beats in all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from spaces.direction import Direction

from .front import nondominated
from .live_trial import LiveTrial

__all__ = ["OBJECTIVES", "front_of", "values_of"]


def _seconds(trial: LiveTrial) -> float:
    """Of a whole training, where a part of it was done."""
    return trial.seconds * trial.reports[-1].of_steps / trial.step


OBJECTIVES: Final[Mapping[str, Callable[[LiveTrial], float]]] = {
    "loss": lambda trial: trial.reports[-1].loss,
    "metric": lambda trial: trial.reports[-1].metric,
    "params": lambda trial: float(trial.params),
    "seconds": _seconds,
    "memory": lambda trial: float(trial.peak_memory),
}
"""Of a trial that was judged: loss and metric as they were at its last rung."""


def values_of(trial: LiveTrial, objectives: Sequence[str]) -> tuple[float, ...]:
    """Of a trial that has a report, by each objective."""
    return tuple(OBJECTIVES[name](trial) for name in objectives)


def front_of(
    trials: Sequence[LiveTrial], objectives: Sequence[tuple[str, Direction]]
) -> tuple[LiveTrial, ...]:
    """The trials that were trained to the end and that no other of these beats, in order; by one objective,
    the best alone."""
    complete = [trial for trial in trials if trial.state == "complete"]
    if not complete:
        return ()
    names = [name for name, _ in objectives]
    values = np.array([values_of(trial, names) for trial in complete])
    kept = nondominated(values, [direction == "maximize" for _, direction in objectives])
    return tuple(complete[index] for index in kept)
