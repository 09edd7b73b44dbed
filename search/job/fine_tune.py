"""Fine-tuning candidates in cohorts, none of them twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evaluators.executors.workload import Work, Workload
from evaluators.store.ledger import Ledger
from evaluators.training.candidate import Candidate, Trained
from spaces.counted import counted

from .job import Job
from .machine import Machine
from .progress import Progress, silent

__all__ = ["fine_tune", "fine_tune_all"]

_log = logging.getLogger(__name__)


def fine_tune(
    job: Job,
    candidates: Sequence[Candidate],
    folder: Path,
    *,
    keep_tensors: bool,
    progress: Progress = silent,
) -> list[Trained]:
    """All candidates of a job trained, in the order given; those that ``folder`` holds are read.

    Args:
        job: what they are candidates of.
        candidates: may repeat; none is trained twice.
        folder: every candidate is written there as soon as it has finished.
        keep_tensors: whether what was trained is written and given back, or the evaluations alone.
        progress: counts optimizer steps of all candidates.
    """
    work = [(job.workload, candidates)]
    (trained,) = fine_tune_all(work, folder, job.machine, keep_tensors=keep_tensors, progress=progress)
    return trained


def fine_tune_all(
    work: Sequence[tuple[Workload, Sequence[Candidate]]],
    folder: Path,
    machine: Machine,
    *,
    keep_tensors: bool,
    progress: Progress = silent,
) -> list[list[Trained]]:
    """The same for several workloads at once, which share the machine; a list for each, in order."""
    ledgers = [Ledger(folder, workload.fingerprint) for workload, _ in work]
    done = [
        {candidate: one for candidate in candidates if (one := ledger.find(candidate)) is not None}
        for ledger, (_, candidates) in zip(ledgers, work, strict=True)
    ]
    known = [frozenset(found) for found in done]
    missing = [len(set(own) - found) for (_, own), found in zip(work, known, strict=True)]
    if any(known):
        runs = sum(len(candidates) for _, candidates in work)
        _log.info("resuming %d of %s finished before", sum(map(len, known)), counted(runs, "run"))

    def record(index: int, trained: Trained) -> None:
        kept = trained if keep_tensors else replace(trained, tensors={})
        ledgers[index].record(kept)
        done[index][trained.evaluation.candidate] = kept

    steps = [workload.recipe.steps(len(workload.task.train)) for workload, _ in work]
    total = sum(count * each for count, each in zip(missing, steps, strict=True))
    with progress("fine-tuning", total, "step") as advance:
        machine.executor(
            [Work(*one, known=found) for one, found in zip(work, known, strict=True)],
            machine.models,
            on_done=record,
            on_step=advance,
        )
    return [[own[candidate] for candidate in wanted] for own, (_, wanted) in zip(done, work, strict=True)]
