"""What trials are worth by each objective, and which of them none beats in all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spaces.direction import Direction

from .front import nondominated
from .live_trial import LiveTrial
from .trial_objective import OBJECTIVES

__all__ = ["front_of", "values_of"]


def values_of(trial: LiveTrial, objectives: Sequence[str]) -> tuple[float, ...]:
    """Of a trial that has a report, by each objective."""
    return tuple(OBJECTIVES[name].of(trial) for name in objectives)


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
