"""A cohort as it is handed to whoever trains it, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

from evaluators.base.base_models import BaseModels
from evaluators.training.candidate import Candidate, Evaluation, Trained
from spaces.errors import InputError
from spaces.meta_model import base_params

from .cohorts import form_cohorts
from .retry import Died, Execute, outlived
from .workload import Work, Workload

__all__ = ["Assignment", "assignments_of", "end_all", "train_assigned"]


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Candidates to train together on a device. work: the index of theirs."""

    work: int
    workload: Workload
    candidates: tuple[Candidate, ...]
    device: str

    def each_alone(self) -> list[Assignment]:
        """The same, in cohorts of one."""
        return [replace(self, candidates=(one,)) for one in self.candidates]

    def failed(self, reason: str, *, may_pass: bool = False) -> list[Trained]:
        """What is told of candidates that could not be trained."""
        failures = (
            Evaluation(one, None, None, reason, (), 0.0, 0, may_pass=may_pass) for one in self.candidates
        )
        return [Trained(failure, {}) for failure in failures]


def assignments_of(
    work: Sequence[Work], devices: Sequence[str], cohort_size: int, models: BaseModels, *, home: str
) -> Iterator[Assignment]:
    """Every cohort without its known candidates; the devices in turn.

    Cohorts are formed of all candidates of a workload, the known ones among them: a run that goes on after an
    interruption trains the cohorts that are left as it would have. On a GPU wider wires are nearly free; on a
    CPU they may add a twentieth of the base model's work, which is told by the model on ``home``, of this
    process.
    """
    place = cycle(devices)
    for index, one in enumerate(work):
        padding = float("inf")
        if not devices[0].startswith("cuda"):
            padding = base_params(models.on(one.workload.source, home)) / 20
        for cohort in form_cohorts(one.candidates, one.workload.sites, cohort_size, max_padding=padding):
            left = tuple(one.candidates[i] for i in cohort if one.candidates[i] not in one.known)
            if left:
                yield Assignment(index, one.workload, left, next(place))


def end_all(
    assignments: Sequence[Assignment],
    execute: Execute[Assignment, list[Trained]],
    *,
    on_done: Callable[[int, Trained], None],
    on_step: Callable[[int], None],
) -> None:
    """Has all of them trained elsewhere, and tells of each candidate, and of its steps, once its cohort is
    done; what kills its worker is done again as ``outlived`` says, and has failed at last."""
    for assignment, trained in outlived(assignments, execute, parts=Assignment.each_alone, failed=_killed):
        on_step(sum(len(one.evaluation.curve) for one in trained))
        for one in trained:
            on_done(assignment.work, one)


def train_assigned(
    assignment: Assignment, models: BaseModels, on_step: Callable[[int], None]
) -> list[Trained]:
    """The candidates trained in this process; failed, with the reason, where their method cannot be used here.

    Raises InputError where the model cannot be loaded, which is none of a candidate's doing.
    """
    workload = assignment.workload
    model = models.on(workload.source, assignment.device)
    try:
        return workload.trainer(model, workload, assignment.candidates, on_step)
    except InputError as error:
        return assignment.failed(str(error))


def _killed(assignment: Assignment, died: Died) -> list[Trained]:
    return assignment.failed(
        f"its worker process {died.how} whenever it was trained, at last alone (out of memory, it may be: "
        "train fewer at a time, or smaller batches)",
        may_pass=True,
    )
