"""One search from end to end: score, propose, fine-tune, report, save (DESIGN, section 4)."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from evaluators.adapter import save_adapter
from evaluators.candidate import Candidate, Trained
from evaluators.cohort import score_trained
from evaluators.ledger import Ledger, fingerprint
from evaluators.spread import base_model_on, default_cohort_size, train_all
from proxies.site_scores import SiteScores
from spaces.allocation import Allocation
from spaces.errors import InputError

from .finalists import choose_finalists
from .heat_map import draw_rank_heat_map
from .options import Options
from .output_folder import output_folder, write_whole
from .prepare import Search, announce, prepare
from .progress import progress
from .proposals import Proposal, propose
from .report import Finalist, TestReport, result_of
from .scoring import score_space
from .study_db import FinalistRow, record_finalists, record_proposals

__all__ = ["run_search"]

_log = logging.getLogger(__name__)


def run_search(options: Options) -> dict[str, object]:
    """Runs the search and returns what ``result.json`` holds.

    Raises UsageError or InputError, before anything is written, on options or data that cannot be used.
    """
    if options.threads:
        torch.set_num_threads(options.threads)
    search = prepare(options)
    with output_folder(options) as folder:
        announce(search, folder)
        started = time.perf_counter()
        scores = score_space(search)
        scored = time.perf_counter()
        proposals = _propose(search, scores)
        record_proposals(folder / "study.db", proposals, search.space, [s.proxy for s in scores])
        proposed = time.perf_counter()
        finalists = _fine_tune(search, proposals, folder)
        tuned = time.perf_counter()
        seconds = {
            "scoring": scored - started,
            "proposing": proposed - scored,
            "fine_tuning": tuned - proposed,
        }
        return _conclude(search, scores, finalists, folder, seconds)


def _propose(search: Search, scores: Sequence[SiteScores]) -> list[Proposal]:
    options = search.options
    total = 1 + len(scores) * len(options.allocator) + options.trials * len(options.sampler)
    with progress("proposing", total, "allocation", quiet=options.quiet) as advance:
        return propose(
            scores,
            max_params=search.max_params,
            allocators=options.allocator,
            samplers=options.sampler,
            trials=options.trials,
            seed=options.seed,
            on_proposal=lambda _: advance(1),
        )


def _fine_tune(search: Search, proposals: Sequence[Proposal], folder: Path) -> list[Finalist]:
    """The uniform baseline, then the finalists, with their runs over all seeds; none is run twice."""
    options, workload = search.options, search.workload
    chosen = [proposals[0], *choose_finalists(proposals, options.finalists, seed=options.seed)]
    seeds = range(options.seed, options.seed + options.seeds)
    candidates = {
        p.allocation: [Candidate(p.allocation, seed, search.inputs.learning_rate) for seed in seeds]
        for p in chosen
    }
    ledger = Ledger(folder / "candidates", fingerprint(workload.source, workload.task, workload.recipe))
    everyone = [candidate for runs in candidates.values() for candidate in runs]
    missing = [candidate for candidate in everyone if ledger.find(candidate) is None]
    if len(missing) < len(everyone):
        _log.info("resuming %d of %d runs have finished before", len(everyone) - len(missing), len(everyone))
    steps = max(1, round(options.epochs * -(-len(workload.task.train) // options.batch_size)))
    with progress("fine-tuning", steps * len(missing), "step", quiet=options.quiet) as advance:
        train_all(
            missing,
            workload,
            devices=search.devices,
            jobs=options.jobs or len(search.devices),
            cohort_size=options.cohort_size or default_cohort_size(search.devices[0]),
            on_done=ledger.record,
            on_step=advance,
        )
    return [Finalist(p, tuple(_finished(ledger, c) for c in candidates[p.allocation])) for p in chosen]


def _finished(ledger: Ledger, candidate: Candidate) -> Trained:
    trained = ledger.find(candidate)
    assert trained is not None
    return trained


def _conclude(
    search: Search,
    scores: Sequence[SiteScores],
    finalists: Sequence[Finalist],
    folder: Path,
    seconds: dict[str, float],
) -> dict[str, object]:
    """Chooses by validation, reports the winner and the baseline on the test rows, saves the winner."""
    baseline = finalists[0]
    best = max(finalists, key=lambda finalist: finalist.rank)
    if best.best_run is None:
        reasons = sorted({run.evaluation.failure or "" for f in finalists for run in f.runs})
        raise InputError(f"every fine-tuning run failed: {'; '.join(reasons[:2])}")
    model = base_model_on(search.inputs.source, search.devices[0])
    task, space = search.inputs.task, search.space
    reported = {
        id(f): score_trained(model, space.sites, task, f.finished, search.recipe) for f in (best, baseline)
    }
    test = TestReport(best=reported[id(best)], baseline=reported[id(baseline)])
    result = result_of(
        space=space,
        max_params=search.max_params,
        scores=scores,
        finalists=finalists,
        best=best,
        test=test,
        metric=task.metric,
        seconds=seconds,
        output=folder,
    )
    rows = [
        FinalistRow(f.proposal.allocation, f.proposal.proposer, f.proposal.params, f.mean, f.sd, f.seconds)
        for f in finalists
    ]
    record_finalists(folder / "study.db", rows, space, metric=task.metric, direction="maximize")
    _save(search, best.proposal.allocation, best.best_run, folder)
    write_whole(folder / "result.json", json.dumps(result, indent=2))
    shutil.rmtree(folder / "candidates")
    return result


def _save(search: Search, allocation: Allocation, run: Trained, folder: Path) -> None:
    source, sites = search.inputs.source, search.space.sites
    write_whole(folder / "allocation.json", allocation.to_json())
    title = f"{search.options.space}, {search.space.params(allocation):,} of {search.max_params:,} parameters"
    draw_rank_heat_map(allocation, search.space, folder / "ranks.png", title=title)
    save_adapter(
        folder / "adapter",
        run,
        model=base_model_on(source, search.devices[0]),
        sites=sites,
        recipe=search.recipe,
        base=search.options.model or os.path.basename(source.path_or_name),
        label_names=search.inputs.task.label_names,
    )
