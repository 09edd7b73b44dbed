"""What a gate policy is: how the gates of a cohort's wires move while it trains (DESIGN, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from evaluators.data.task import Task
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.objective import Around
from spaces.search_space import SearchSpace
from spaces.site import Site

from .candidate import Candidate, History
from .cohort import Cohort

__all__ = ["GateHooks", "GatePolicy", "NeverActedError", "Step"]


class NeverActedError(InputError):
    """A policy that should have changed gates or ranks by the end of training and did not."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where a slot stands. number: steps it has taken before this one, of ``total``. learning_rate: of this
    step, after the schedule."""

    slot: int
    number: int
    total: int
    learning_rate: float


def _nothing(*_: object) -> None:
    """What a hook does that a policy has no use for."""


def _no_history(_: int) -> History:
    return ()


@dataclass(frozen=True, slots=True, eq=False)
class GateHooks:
    """What a policy does at each moment of its cohort's training; a policy names those that it needs.

    start(slot, candidate): after the candidate was loaded. before(steps): before the forward pass, with
    the steps' slots selected; puts into ``wires.gates`` what this step computes with, differentiable
    where gates learn. penalty(steps, again): a scalar that is added to the sum of these slots' losses;
    again() gives those losses anew, (slots,), under whatever gates are put by then.
    trains(steps): where this step trains, (C, P) bool, None for everywhere; elsewhere the gradient neither
    counts in the clipping nor moves anything. observe(steps, gradient): the clipped gradient (C, P), before
    the optimizer, which overwrites it. after(steps): after the optimizer. finish(slot): sets the slot's final
    gates, with which it is evaluated and to which it is cut; raises NeverActedError. history(slot): the ranks
    it went through. around(compute, model, batch): asks the model in its own way, as with other weights; then
    no adapter comes of the training.
    """

    start: Callable[[int, Candidate], None] = _nothing
    before: Callable[[Sequence[Step]], None] = _nothing
    penalty: Callable[[Sequence[Step], Callable[[], Tensor]], Tensor | None] = _nothing
    trains: Callable[[Sequence[Step]], Tensor | None] = _nothing
    observe: Callable[[Sequence[Step], Tensor], None] = _nothing
    after: Callable[[Sequence[Step]], None] = _nothing
    finish: Callable[[int], None] = _nothing
    history: Callable[[int], History] = _no_history
    around: Around | None = None


class GatePolicy(Protocol):
    """A method of the papers with its settings: a frozen value that can be sent to another process."""

    def start(self, space: SearchSpace) -> Allocation:
        """The ranks at which training begins, for the budget that holds at its end."""

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Shapes, without the slot axis, of what it trains besides A, B and the head.

        Names that begin with ``base.`` are weights of the base model, which count as trained parameters.
        """

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """What it does to this cohort, whose candidates all began with ``start``."""
