"""Which trials are trained anew, over all seeds, once all others are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spaces.direction import Direction, sign_of
from spaces.errors import InputError

from .live_trial import LiveTrial

__all__ = ["Finals", "choose_finals"]


@dataclass(frozen=True, slots=True)
class Finals:
    """The best baseline, and the trials that are compared with it, best first."""

    baseline: LiveTrial
    finalists: tuple[LiveTrial, ...]


def choose_finals(trials: Sequence[LiveTrial], count: int, direction: Direction) -> Finals:
    """The best by value among those that were trained to the end: one baseline, and up to ``count`` others.

    Others of one allocation that differ in how they were trained come behind all distinct ones. direction: in
    which a value is better. Of equal values the earlier trial is the better. Raises InputError where no
    baseline was trained to the end.
    """
    complete = sorted(
        (trial for trial in trials if trial.state == "complete"),
        key=lambda trial: (-sign_of(direction) * trial.reports[-1].value, trial.number),
    )
    baseline = next((trial for trial in complete if trial.baseline), None)
    if baseline is None:
        reasons = sorted({trial.failure for trial in trials if trial.baseline and trial.failure})
        raise InputError(f"every run of every baseline failed: {'; '.join(reasons[:2])}")
    others = [trial for trial in complete if not trial.baseline]
    first = {trial.configuration.allocation: trial.number for trial in reversed(others)}
    again = [trial for trial in others if first[trial.configuration.allocation] != trial.number]
    distinct = [trial for trial in others if first[trial.configuration.allocation] == trial.number]
    return Finals(baseline, tuple([*distinct, *again][:count]))
