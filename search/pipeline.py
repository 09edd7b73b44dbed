"""One search from end to end: score, propose, fine-tune, report, save (DESIGN, section 4)."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import torch

from evaluators.adapter import save_adapter
from evaluators.candidate import Candidate
from evaluators.cohort import score_trained
from evaluators.spread import base_model_on
from proxies.site_scores import SiteScores
from spaces.errors import InputError

from .allocators import find_allocator
from .finalist import Finalist
from .finalists import choose_finalists
from .fine_tune import fine_tune
from .heat_map import draw_rank_heat_map
from .inputs import load_inputs
from .output_folder import OutputFolder, write_whole
from .prepare import Search, announce, prepare
from .progress import progress
from .proposals import Proposal, propose
from .result import Outcome, result_of
from .samplers import find_sampler
from .scoring import score_space
from .search_options import SearchOptions
from .study_db import record_finalists, record_proposals

__all__ = ["run_search"]

_log = logging.getLogger(__name__)


def run_search(options: SearchOptions) -> dict[str, object]:
    """Runs the search and returns what ``result.json`` holds; of a run that has ended, without running again.

    Raises UsageError or InputError, before anything is written, on options or data that cannot be used.
    """
    folder = OutputFolder(options)
    if (result := folder.finished()) is not None:
        _log.info("%s has ended before; this is its result", folder.path)
        return result
    if options.threads:
        torch.set_num_threads(options.threads)
    for name in options.allocator:
        find_allocator(name)
    for name in options.sampler:
        find_sampler(name)
    search = prepare(options, load_inputs(options))
    with folder.opened() as path:
        announce(search, path)
        _log.info(
            "compare  %d finalists and the uniform baseline, %d seeds", options.finalists, options.seeds
        )
        started = time.perf_counter()
        scores = score_space(search)
        scored = time.perf_counter()
        proposals = _propose(search, options, scores)
        record_proposals(path / "study.db", proposals, search.space, [table.proxy for table in scores])
        proposed = time.perf_counter()
        finalists = _fine_tune(search, options, proposals, path)
        tuned = time.perf_counter()
        seconds = {
            "scoring": scored - started,
            "proposing": proposed - scored,
            "fine_tuning": tuned - proposed,
        }
        outcome = _choose(search, finalists)
        result = result_of(
            outcome,
            space=search.space,
            max_params=search.max_params,
            scores=scores,
            metric=search.inputs.task.metric,
            seconds=seconds,
            output=path,
        )
        _save(search, outcome, path)
        write_whole(path / "result.json", json.dumps(result, indent=2))
        shutil.rmtree(path / "candidates")
        return result


def _propose(search: Search, options: SearchOptions, scores: Sequence[SiteScores]) -> list[Proposal]:
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


def _fine_tune(
    search: Search, options: SearchOptions, proposals: Sequence[Proposal], folder: Path
) -> list[Finalist]:
    """The uniform baseline, then the finalists, with their runs over all seeds."""
    chosen = [proposals[0], *choose_finalists(proposals, options.finalists, seed=options.seed)]
    candidates = [
        Candidate(p.allocation, seed, search.learning_rate) for p in chosen for seed in options.all_seeds
    ]
    runs = iter(fine_tune(search, candidates, folder / "candidates", keep_tensors=True))
    return [Finalist(p, tuple(islice(runs, options.seeds))) for p in chosen]


def _choose(search: Search, finalists: Sequence[Finalist]) -> Outcome:
    """The winner by validation, and how it and the baseline do on the test rows, used here alone."""
    baseline, winner = finalists[0], max(finalists, key=lambda finalist: finalist.rank)
    saved = winner.best_run
    if saved is None:
        reasons = sorted({run.evaluation.failure or "" for f in finalists for run in f.runs})
        raise InputError(f"every fine-tuning run failed: {'; '.join(reasons[:2])}")
    model = base_model_on(search.inputs.source, search.devices[0])
    task, sites, recipe = search.inputs.task, search.space.sites, search.recipe
    winner_test = score_trained(model, sites, task, winner.runs, recipe)
    baseline_test = (
        winner_test if winner is baseline else score_trained(model, sites, task, baseline.runs, recipe)
    )
    return Outcome(tuple(finalists), winner, saved, winner_test, baseline_test)


def _save(search: Search, outcome: Outcome, folder: Path) -> None:
    source, space, task = search.inputs.source, search.space, search.inputs.task
    allocation, params = outcome.winner.proposal.allocation, outcome.winner.proposal.params
    record_finalists(folder / "study.db", outcome.finalists, space, metric=task.metric)
    write_whole(folder / "allocation.json", allocation.to_json())
    title = f"{search.options.space}, {params:,} of {search.max_params:,} parameters"
    draw_rank_heat_map(allocation, space, folder / "ranks.png", title=title)
    save_adapter(
        folder / "adapter",
        outcome.saved,
        model=base_model_on(source, search.devices[0]),
        sites=space.sites,
        recipe=search.recipe,
        base=search.inputs.base,
        label_names=task.label_names,
    )
