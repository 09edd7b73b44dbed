"""Which trials are trained anew, over all seeds, once all others are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spaces.direction import Direction
from spaces.errors import InputError

from .live_trial import LiveTrial

__all__ = ["AllFailedError", "Finals", "choose_finals"]


class AllFailedError(InputError):
    """Nothing that was trained came to its end, so that there is no result."""


@dataclass(frozen=True, slots=True)
class Finals:
    """The best baseline, and the trials that are compared with it, best first."""

    baseline: LiveTrial
    finalists: tuple[LiveTrial, ...]


def choose_finals(trials: Sequence[LiveTrial], count: int, direction: Direction) -> Finals:
    """The best by value among those that were trained to the end: one baseline, and up to ``count`` others.

    Others of one allocation that differ in how they were trained come behind all distinct ones. direction: in
    which a value is better. Of equal values the earlier trial is the better. Where no baseline was trained to
    the end, the one that came furthest stands for them, one that was stopped before one that failed: the
    others cannot be judged without, and what was lost for want of memory may fit this time. Raises
    AllFailedError where no trial at all was trained to the end.
    """
    best_first = sorted(trials, key=lambda one: (one.state == "failed", one.place(direction)))
    others = [one for one in best_first if one.state == "complete" and not one.baseline]
    baseline = next(one for one in best_first if one.baseline)
    if not others and baseline.state != "complete":
        reasons = sorted({trial.failure for trial in trials if trial.failure})
        raise AllFailedError(f"no trial was trained to its end: {'; '.join(reasons[:2])}")
    first = {trial.configuration.allocation: trial.number for trial in reversed(others)}
    again = [trial for trial in others if first[trial.configuration.allocation] != trial.number]
    distinct = [trial for trial in others if first[trial.configuration.allocation] == trial.number]
    return Finals(baseline, tuple([*distinct, *again][:count]))
