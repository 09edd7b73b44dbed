"""Fine-tuning candidates in cohorts, none of them twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evaluators.executors.spread import Work, Workload, default_cohort_size, train_all
from evaluators.store.ledger import Ledger
from evaluators.training.candidate import Candidate, Trained
from search.cli.options import Options
from search.cli.progress import progress
from spaces.counted import counted

from .prepare import Search

__all__ = ["fine_tune", "fine_tune_all"]

_log = logging.getLogger(__name__)


def fine_tune(
    search: Search, candidates: Sequence[Candidate], folder: Path, *, keep_tensors: bool
) -> list[Trained]:
    """All candidates of a search trained, in the order given; those that ``folder`` holds are read.

    keep_tensors: whether what was trained is written and given back, or the evaluations alone.
    """
    (trained,) = fine_tune_all(
        [(search.workload, candidates)], folder, search.options, search.devices, keep_tensors=keep_tensors
    )
    return trained


def fine_tune_all(
    work: Sequence[tuple[Workload, Sequence[Candidate]]],
    folder: Path,
    options: Options,
    devices: Sequence[str],
    *,
    keep_tensors: bool,
) -> list[list[Trained]]:
    """The same for several workloads at once, which share the processes; a list for each, in order."""
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
    with progress("fine-tuning", total, "step", quiet=options.quiet) as advance:
        train_all(
            [Work(*one, known=found) for one, found in zip(work, known, strict=True)],
            devices=devices,
            jobs=options.jobs or len(devices),
            cohort_size=options.cohort_size or default_cohort_size(devices[0]),
            threads=options.threads,
            on_done=record,
            on_step=advance,
        )
    return [[own[candidate] for candidate in wanted] for own, (_, wanted) in zip(done, work, strict=True)]
