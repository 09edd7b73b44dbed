"""Fine-tuning candidates in cohorts, whole or leg by leg, none of it twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from evaluators.executors.workload import Work, Workload
from evaluators.objectives.task_objective import TaskObjective
from evaluators.store.ledger import Ledger
from evaluators.training.candidate import Candidate, Evaluation, Trained
from evaluators.training.leg import Leg, whole
from spaces.counted import counted
from spaces.direction import sign_of

from .job import Job
from .logs.training_log import TrainingLog
from .machine import Machine
from .progress import Progress, silent

__all__ = ["fine_tune", "fine_tune_all", "fine_tune_legs"]

_log = logging.getLogger(__name__)


def fine_tune(
    job: Job,
    candidates: Sequence[Candidate],
    folder: Path,
    *,
    keep_tensors: bool,
    progress: Progress = silent,
) -> list[Trained]:
    """All candidates of a job trained to their end, as ``fine_tune_legs`` does it, in the order given.

    Args:
        job: what they are candidates of.
        candidates: may repeat; none is trained twice.
        folder: every candidate is written there as soon as it has finished.
        keep_tensors: whether what was trained is written and given back, or the evaluations alone.
        progress: counts optimizer steps of all candidates.
    """
    return fine_tune_legs(
        job.workload,
        whole(candidates),
        job.ledger(folder),
        job.machine,
        keep_tensors=keep_tensors,
        progress=progress,
    )


def fine_tune_legs(
    workload: Workload,
    legs: Sequence[Leg],
    ledger: Ledger,
    machine: Machine,
    *,
    keep_tensors: bool = False,
    progress: Progress = silent,
) -> list[Trained]:
    """All legs of a workload's candidates trained, in the order given; those that the ledger holds are read.

    Where a candidate pauses its state is kept there until a call in which it goes on has ended: what is
    read of a leg before that has no state. ``Ledger.forget_state`` removes that of one that goes on no more.

    Args:
        workload: a job's.
        legs: may repeat; two of one candidate that end at different steps may not.
        ledger: the same job's (``Job.ledger``), where every leg is written as soon as it has finished.
        machine: the job's, which may be opened.
        keep_tensors: whether what was trained to its end is written and given back, or the evaluations alone.
        progress: counts optimizer steps of all legs.
    """
    (trained,) = _trained([(workload, ledger, legs)], machine, keep_tensors=keep_tensors, progress=progress)
    return trained


def fine_tune_all(
    work: Sequence[tuple[Workload, Sequence[Leg]]],
    folder: Path,
    machine: Machine,
    *,
    keep_tensors: bool,
    progress: Progress = silent,
) -> list[list[Trained]]:
    """The same for several workloads at once, or none, which share the machine; a list for each, in order."""
    if not work:
        return []
    known = [(workload, Ledger(folder, workload.fingerprint), legs) for workload, legs in work]
    return _trained(known, machine, keep_tensors=keep_tensors, progress=progress)


def _trained(
    work: Sequence[tuple[Workload, Ledger, Sequence[Leg]]],
    machine: Machine,
    *,
    keep_tensors: bool,
    progress: Progress,
) -> list[list[Trained]]:
    """All of it read or trained, and recorded."""
    records = [_Record.of(*one, machine.log, keep_tensors=keep_tensors) for one in work]
    if any(leg.is_whole for one in records for leg in one.known):
        runs, found = sum(len(one.legs) for one in records), sum(len(one.known) for one in records)
        _log.info("resuming %d of %s finished before", found, counted(runs, "run"))
    tally = _Tally(sum(len(one.legs) for one in records), work[0][0].task.objective)
    for known in [one for own in records for one in own.done.values()]:
        tally.add(known.evaluation)
    with ExitStack() as stack:
        advance = stack.enter_context(silent("fine-tuning", 0, "step"))

        def begin(steps: int) -> None:
            nonlocal advance
            advance = stack.enter_context(progress("fine-tuning", steps, "step"))

        def record(index: int, trained: Trained) -> None:
            records[index].add(trained)
            tally.add(trained.evaluation)
            advance(0, tally.told())

        machine.executor(
            [one.work for one in records],
            machine.models,
            on_done=record,
            on_begin=begin,
            on_step=lambda steps: advance(steps),
        )
    return [one.given() for one in records]


@dataclass(frozen=True, slots=True, eq=False)
class _Record:
    """What is known of one workload's legs, in memory, in a ledger and in a log. asked: as they were, repeats
    among them. legs: each once. known: those that had finished before. missing: the others, by their
    candidates."""

    workload: Workload
    ledger: Ledger
    asked: Sequence[Leg]
    legs: Sequence[Leg]
    log: TrainingLog
    keep_tensors: bool
    known: frozenset[Leg]
    missing: dict[Candidate, Leg]
    done: dict[Leg, Trained]

    @classmethod
    def of(
        cls,
        workload: Workload,
        ledger: Ledger,
        asked: Sequence[Leg],
        log: TrainingLog,
        *,
        keep_tensors: bool,
    ) -> _Record:
        """With what the ledger holds; the log is told of that too, as it may not have been."""
        legs = tuple(dict.fromkeys(asked))
        done = {leg: one for leg in legs if (one := ledger.find(leg)) is not None}
        for one in done.values():
            log(workload, ledger.context, one)
        missing = {leg.candidate: leg for leg in legs if leg not in done}
        return cls(workload, ledger, asked, legs, log, keep_tensors, frozenset(done), missing, done)

    @property
    def work(self) -> Work:
        """What there is to do."""
        together = {leg: mark for leg in self.known if (mark := self.done[leg].together)}
        return Work(self.workload, self.legs, self.known, together)

    def add(self, trained: Trained) -> None:
        """Keeps what came of a leg."""
        kept = trained if self.keep_tensors else replace(trained, tensors={})
        leg = self.missing[trained.evaluation.candidate]
        self.ledger.record(leg, kept)
        self.done[leg] = kept
        self.log(self.workload, self.ledger.context, kept)

    def given(self) -> list[Trained]:
        """One for each leg, once all have ended."""
        self.ledger.forget_before(leg for leg, one in self.done.items() if not one.evaluation.may_pass)
        return [self.done[leg] for leg in self.asked]


@dataclass(slots=True)
class _Tally:
    """How many of so many runs have ended, how many of them failed, and the best metric among them."""

    runs: int
    objective: TaskObjective
    ended: int = 0
    failed: int = 0
    best: float | None = None

    def add(self, one: Evaluation) -> None:
        self.ended += 1
        self.failed += one.failure is not None
        known = [metric for metric in (self.best, one.metric) if metric is not None]
        sign = sign_of(self.objective.direction)
        self.best = max(known, key=lambda metric: sign * metric, default=None)

    def told(self) -> str:
        said = [f"{self.ended} of {counted(self.runs, 'run')} ended"]
        said += [f"{self.failed} failed"] if self.failed else []
        said += [] if self.best is None else [f"best {self.objective.metric_title} {self.best:.4f}"]
        return ", ".join(said)
