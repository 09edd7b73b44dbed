"""A cohort as it is handed to whoever trains it, and what becomes of it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import cycle
from typing import Final

from evaluators.base.base_models import BaseModels
from evaluators.training.candidate import Trained
from evaluators.training.leg import Leg, steps_of
from evaluators.training.memory import CrowdedError, give_back_unused
from spaces.counted import counted
from spaces.errors import InputError
from spaces.meta_model import base_params

from .cohorts import form_cohorts, soonest_size
from .retry import Died, Execute, outlived
from .workload import Work, Workload

__all__ = ["Assigned", "Assignment", "Tried", "assigned", "end_all", "train_assigned"]

_SHORT: Final = 16  # hexadecimal digits of a mark
_log = logging.getLogger(__name__)

Tried = Sequence[Trained | None]
"""What came of legs that trained together: None of those for which there was no memory side by side."""


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Legs to train together on a device. work: the index of theirs."""

    work: int
    workload: Workload
    legs: tuple[Leg, ...]
    device: str

    def each_alone(self) -> list[Assignment]:
        """The same, in cohorts of one."""
        return [replace(self, legs=(one,)) for one in self.legs]

    def failed(self, reason: str, *, may_pass: bool = False) -> list[Trained]:
        """What is told of legs that could not be trained."""
        return [one.failed(reason, may_pass=may_pass) for one in self.legs]

    @property
    def mark(self) -> str:
        """Tells which candidates train together here."""
        candidates = [repr(leg.candidate) for leg in self.legs]
        return sha256("".join(candidates).encode()).hexdigest()[:_SHORT]

    def left_of(self, work: Work) -> Assignment | None:
        """What of it is to be trained: all of it, or its legs that are not known; None where all are.

        Together the same numbers come of it as at first, to the last bit. So all of it is where it was
        interrupted while it was recorded, and where others go on from a leg that is not whole, and carry its
        rounding on; in a run that grew known legs had other neighbours.
        """
        left = tuple(leg for leg in self.legs if leg not in work.known)
        interrupted = self.mark in [work.together.get(leg) for leg in self.legs]
        if interrupted or not all(leg.is_whole for leg in self.legs):
            return self if left else None
        return replace(self, legs=left) if left else None

    def steps(self, tried: Tried) -> int:
        """Candidate-steps that were taken for these results."""
        pairs = zip(self.legs, tried, strict=True)
        return sum(len(one.evaluation.curve) - leg.begun_at for leg, one in pairs if one is not None)

    def news(self, tried: Tried, work: Sequence[Work]) -> Iterator[Trained]:
        """What came of those of its legs that were not known before."""
        for leg, one in zip(self.legs, tried, strict=True):
            if one is not None and leg not in work[self.work].known:
                yield one

    def halves(self, tried: Tried) -> list[Assignment]:
        """Those that were too many for the memory, in two cohorts; none where all have ended."""
        left = tuple(leg for leg, one in zip(self.legs, tried, strict=True) if one is None)
        if not left:
            return []
        half = math.ceil(len(self.legs) / 2)
        together = counted(len(self.legs), "candidate")
        _log.warning("memory  ran out with %s side by side; at most %d follow", together, half)
        return [replace(self, legs=some) for some in (left[:half], left[half:]) if some]


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """All work in cohorts. left: those to train. cohorts: how many there are, the known ones too."""

    left: tuple[Assignment, ...]
    cohorts: int

    @property
    def steps(self) -> int:
        """Candidate-steps of those to train, known legs among them that are trained again."""
        return sum(steps_of(one.legs, one.workload.recipe, len(one.workload.task.train)) for one in self.left)


def assigned(
    work: Sequence[Work],
    devices: Sequence[str],
    cohort_size: int,
    models: BaseModels,
    *,
    home: str,
    workers: int = 1,
) -> Assigned:
    """Every cohort that is not known, as ``Assignment.left_of`` says; the devices in turn.

    Cohorts are formed of all legs of a workload, the known ones among them, before they are spread: a run
    that goes on after an interruption, with as many workers, trains the cohorts that are left as it would
    have. On a GPU wider wires are nearly free; on a CPU they may add a twentieth of the base model's work,
    which the model on ``home``, of this process, tells. Their size is the one in which so many ``workers``
    end soonest.
    """
    place, assignments, cohorts = cycle(devices), list[Assignment](), 0
    size = soonest_size(sum(len(one.legs) for one in work), workers, cohort_size)
    for index, one in enumerate(work):
        padding = float("inf")
        if not devices[0].startswith("cuda"):
            padding = base_params(models.on(one.workload.source, home)) / 20
        candidates = [leg.candidate for leg in one.legs]
        for cohort in form_cohorts(candidates, one.workload.sites, size, max_padding=padding):
            whole = Assignment(index, one.workload, tuple(one.legs[i] for i in cohort), devices[0])
            cohorts += 1
            if (left := whole.left_of(one)) is not None:
                assignments.append(replace(left, device=next(place)))
    return Assigned(tuple(assignments), cohorts)


def end_all(
    assignments: Sequence[Assignment],
    work: Sequence[Work],
    execute: Execute[Assignment, Tried],
    *,
    on_done: Callable[[int, Trained], None],
    on_step: Callable[[int], None],
) -> None:
    """Has all of them trained elsewhere, and tells of each leg that was not known, and of all steps, once a
    cohort is done; what kills its worker is done again as ``outlived`` says, and has failed at last. What was
    too much for a worker's memory follows in halves, when all others have ended."""
    while assignments:
        halves: list[Assignment] = []
        for assignment, tried in outlived(assignments, execute, parts=Assignment.each_alone, failed=_killed):
            on_step(assignment.steps(tried))
            for one in assignment.news(tried, work):
                on_done(assignment.work, one)
            halves += assignment.halves(tried)
        assignments = halves


def train_assigned(
    assignment: Assignment, models: BaseModels, on_step: Callable[[int], None]
) -> list[Trained | None]:
    """The legs trained in this process; failed, with the reason, where their method cannot be used here, and
    None where they are too many for its memory.

    Each has the cohort's mark, unless one of them may still be trained another time. on_step: is told less
    than nothing where steps of those that follow in halves were told of already.

    Raises InputError where the model cannot be loaded, which is none of a candidate's doing.
    """
    workload = assignment.workload
    model = models.on(workload.source, assignment.device)
    taken = 0

    def take(count: int) -> None:
        nonlocal taken
        taken += count
        on_step(count)

    try:
        trained = workload.trainer(model, workload, assignment.legs, take)
    except InputError as error:
        return [*assignment.failed(str(error))]
    except CrowdedError as crowded:
        ended = crowded.ended
    else:
        mark = "" if any(one.evaluation.may_pass for one in trained) else assignment.mark
        return [replace(one, together=mark) for one in trained]
    give_back_unused(model.device)  # now that nothing holds what did not fit
    tried = [ended.get(place) for place in range(len(assignment.legs))]
    on_step(assignment.steps(tried) - taken)
    return tried


def _killed(assignment: Assignment, died: Died) -> list[Trained]:
    return assignment.failed(
        f"its worker process {died.how} whenever it was trained, at last alone (out of memory, it may be: "
        "train fewer at a time, or smaller batches)",
        may_pass=True,
    )
