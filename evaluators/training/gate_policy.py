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
    """Where a slot stands in its candidate's training.

    number: steps it has taken before this one, of ``total``. learning_rate: of this step, after the schedule.
    """

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
    """What a policy does at each moment of its cohort's training; it names those moments that it needs.

    In the life of a candidate: ``start``; at every step ``before``, the forward pass, ``penalty``, the
    backward pass, ``trains``, the clipping, ``observe``, the optimizer, ``after``; then ``finish`` and
    ``history``. At one step several slots stand at different steps of their own, and some rest: ``steps`` has
    one ``Step`` for each that takes part, and these slots, in this order, are selected in ``cohort.stacked``.
    C is the number of all slots, P that of the entries each trains (``Stacked.values``).
    """

    start: Callable[[int, Candidate], None] = _nothing
    """start(slot, candidate): the candidate has just been loaded into the slot, all its gates one.

    May overwrite what the slot trains, and its gates. What it remembers of an earlier candidate is void.
    """

    before: Callable[[Sequence[Step]], None] = _nothing
    """before(steps): the forward pass comes next.

    Puts into ``wires.gates`` the gates that these steps compute with, with a graph where gates learn.
    """

    penalty: Callable[[Sequence[Step], Callable[[], Tensor]], Tensor | None] = _nothing
    """penalty(steps, again) -> a scalar with its graph, added to the sum of these slots' losses, or None.

    again() -> the losses of the same rows anew, (slots,), with their graph, under the gates put by then.
    """

    trains: Callable[[Sequence[Step]], Tensor | None] = _nothing
    """trains(steps) -> where this step trains, (C, P) bool; None for everywhere.

    Elsewhere the gradient does not count in the clipping, and neither weights nor moments move or decay.
    """

    observe: Callable[[Sequence[Step], Tensor], None] = _nothing
    """observe(steps, gradient): the clipped gradient, (C, P), before the optimizer, which overwrites it."""

    after: Callable[[Sequence[Step]], None] = _nothing
    """after(steps): the optimizer has taken these steps. May overwrite weights and gates."""

    finish: Callable[[int], None] = _nothing
    """finish(slot): its last step is taken.

    Sets the gates with which the candidate is evaluated, and to which its ranks are cut. Raises
    NeverActedError where the policy has not done what it is for: the candidate is then marked as failed.
    """

    history: Callable[[int], History] = _no_history
    """history(slot) -> the ranks that a finished candidate went through; empty where they never changed."""

    around: Around | None = None
    """around(compute, model, batch) -> what ``compute`` gives, the model asked in the policy's own way.

    As with other weights in place of its own; then no adapter comes of the training. None: as it is.
    """


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
