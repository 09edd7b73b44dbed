"""A stretch of a candidate's training: from where it stands to where it pauses or ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .candidate import Candidate, Evaluation, Recipe, Trained
from .state import State

__all__ = ["Leg", "steps_of", "whole"]


@dataclass(frozen=True, slots=True)
class Leg:
    """Training of a candidate up to a step; equal where they end alike, wherever they begin.

    The learning rate and the order of the rows are those of the whole training, which may pause and go on, in
    another process too: what comes of it is the same to the last bit where those that train beside it are.

    until: the step, from 1, at which it pauses; None: its end. begun: from where it goes on; None: its start.
    judged: whether it is evaluated where it pauses.

    >>> from spaces.allocation import Allocation
    >>> candidate = Candidate(Allocation.of({"layers.0.q": 2}), 0, 1e-3)
    >>> first, rest = Leg(candidate, until=3, judged=False), Leg(candidate)
    >>> first.steps(9), rest.steps(9), rest.is_whole
    (3, 9, True)
    """

    candidate: Candidate
    until: int | None = None
    begun: State | None = field(default=None, compare=False, repr=False)
    judged: bool = True

    def __post_init__(self) -> None:
        if self.until is not None and self.until <= self.begun_at:
            raise ValueError(f"until={self.until} must be after step {self.begun_at}, where it begins.")
        if self.until is None and not self.judged:
            raise ValueError("judged=False is of a leg that pauses; give the step `until` which it trains.")

    @property
    def begun_at(self) -> int:
        """The number of steps taken before it."""
        return 0 if self.begun is None else self.begun.step

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its candidate's training."""
        return self.until is None and self.begun is None

    def ends_at(self, total: int) -> int:
        """The number of steps taken by its end, ``total`` being those of all of its candidate's training.

        Raises ValueError where it would pause at its end or later.
        """
        if self.until is not None and self.until >= total:
            raise ValueError(f"until={self.until} must be below {total}, the steps of all; None is its end.")
        return total if self.until is None else self.until

    def steps(self, total: int) -> int:
        """How many it takes, of ``total``."""
        return self.ends_at(total) - self.begun_at

    def failed(
        self,
        reason: str,
        *,
        curve: tuple[float, ...] = (),
        seconds: float = 0.0,
        may_pass: bool = False,
    ) -> Trained:
        """What came of it where it was not trained to its end.

        curve, seconds: from its candidate's start on, by default those of the legs before it. may_pass: as of
        an ``Evaluation``.
        """
        if self.begun is not None:
            curve, seconds = curve or self.begun.curve, seconds or self.begun.seconds
        evaluation = Evaluation(self.candidate, None, None, reason, curve, seconds, 0, may_pass=may_pass)
        return Trained(evaluation, {})


def whole(candidates: Iterable[Candidate]) -> list[Leg]:
    """All of each one's training, in one leg."""
    return [Leg(candidate) for candidate in candidates]


def steps_of(legs: Iterable[Leg], recipe: Recipe, rows: int) -> int:
    """Candidate-steps of all of them under a recipe, on so many training rows."""
    total = recipe.steps(rows)
    return sum(leg.steps(total) for leg in legs)
