"""Fine-tuning candidates in cohorts, none of them twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evaluators.candidate import Candidate, Trained
from evaluators.ledger import Ledger
from evaluators.spread import default_cohort_size, train_all

from .prepare import Search
from .progress import progress

__all__ = ["fine_tune"]

_log = logging.getLogger(__name__)


def fine_tune(
    search: Search, candidates: Sequence[Candidate], folder: Path, *, keep_tensors: bool
) -> list[Trained]:
    """All candidates trained, in the order given; those that ``folder`` holds from before are read.

    keep_tensors: whether what was trained is written and given back, or the evaluations alone.
    """
    options, workload = search.options, search.workload
    ledger = Ledger(folder, workload.fingerprint)
    done = {candidate: one for candidate in candidates if (one := ledger.find(candidate)) is not None}
    known = frozenset(done)
    missing = len(set(candidates) - known)
    if known:
        _log.info("resuming %d of %d runs have finished before", len(known), len(candidates))

    def record(trained: Trained) -> None:
        kept = trained if keep_tensors else replace(trained, tensors={})
        ledger.record(kept)
        done[trained.evaluation.candidate] = kept

    total = workload.recipe.steps(len(workload.task.train)) * missing
    with progress("fine-tuning", total, "step", quiet=options.quiet) as advance:
        train_all(
            candidates,
            workload,
            devices=search.devices,
            jobs=options.jobs or len(search.devices),
            cohort_size=options.cohort_size or default_cohort_size(search.devices[0]),
            threads=options.threads,
            known=known,
            on_done=record,
            on_step=advance,
        )
    return [done[candidate] for candidate in candidates]
