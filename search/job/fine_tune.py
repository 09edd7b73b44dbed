"""Fine-tuning candidates in cohorts, whole or leg by leg, none of it twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evaluators.executors.workload import Work, Workload
from evaluators.store.ledger import Ledger
from evaluators.training.candidate import Candidate, Trained
from evaluators.training.leg import Leg, steps_of, whole
from spaces.counted import counted

from .job import Job
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
    """The same for several workloads at once, which share the machine; a list for each, in order."""
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
    done = [{leg: one for leg in legs if (one := ledger.find(leg)) is not None} for _, ledger, legs in work]
    known = [frozenset(found) for found in done]
    missing = [set(legs) - found for (*_, legs), found in zip(work, known, strict=True)]
    if any(leg.is_whole for found in known for leg in found):
        runs = sum(len(legs) for *_, legs in work)
        _log.info("resuming %d of %s finished before", sum(map(len, known)), counted(runs, "run"))
    leg_of = [{leg.candidate: leg for leg in legs} for legs in missing]

    def record(index: int, trained: Trained) -> None:
        kept = trained if keep_tensors else replace(trained, tensors={})
        leg = leg_of[index][trained.evaluation.candidate]
        work[index][1].record(leg, kept)
        done[index][leg] = kept

    total = sum(
        steps_of(legs, workload.recipe, len(workload.task.train))
        for legs, (workload, *_) in zip(missing, work, strict=True)
    )
    with progress("fine-tuning", total, "step") as advance:
        machine.executor(
            [Work(workload, legs, found) for (workload, _, legs), found in zip(work, known, strict=True)],
            machine.models,
            on_done=record,
            on_step=advance,
        )
    for (_, ledger, _), own in zip(work, done, strict=True):
        ledger.forget_before(leg for leg, one in own.items() if not one.evaluation.may_pass)
    return [[own[leg] for leg in legs] for own, (*_, legs) in zip(done, work, strict=True)]
