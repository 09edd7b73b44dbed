"""One search from end to end: score, propose, fine-tune, report, save (DESIGN, section 4)."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from evaluators.adapter import save_adapter
from evaluators.base_model import count_base_params
from evaluators.candidate import Candidate, Recipe, Trained
from evaluators.cohort import score_trained
from evaluators.ledger import Ledger, fingerprint
from evaluators.rows import Rows, padded_inputs
from evaluators.spread import Workload, base_model_on, default_cohort_size, train_all
from proxies.dense_gradients import Batch
from proxies.evidence import Evidence
from proxies.registry import find_proxy, score_sites
from proxies.site_scores import DegenerateScoreError, SiteScores
from spaces.allocation import Allocation
from spaces.budget import parse_budget
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace, parse_ranks, rank_grid

from .allocators import find_allocator
from .finalists import choose_finalists
from .heat_map import draw_rank_heat_map
from .inputs import Inputs, load_inputs, resolve_devices
from .options import Options
from .output_folder import output_folder, write_whole
from .progress import progress
from .proposals import Proposal, propose
from .report import Finalist, TestReport, result_of
from .samplers import find_sampler
from .study_db import FinalistRow, record_finalists, record_proposals

__all__ = ["run_search"]

_log = logging.getLogger(__name__)
_DEFAULT_PROXIES = ("grad_norm", "spectrum", "snip", "synflow")


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """What is settled before the first expensive step."""

    options: Options
    inputs: Inputs
    space: SearchSpace
    max_params: int
    recipe: Recipe
    devices: tuple[str, ...]

    @property
    def workload(self) -> Workload:
        return Workload(self.inputs.source, self.inputs.task, self.space.sites, self.recipe)


def run_search(options: Options) -> dict[str, object]:
    """Runs the search and returns what ``result.json`` holds.

    Raises UsageError or InputError, before anything is written, on options or data that cannot be used.
    """
    if options.threads:
        torch.set_num_threads(options.threads)
    search = _prepare(options)
    with output_folder(options) as folder:
        _announce(search, folder)
        started = time.perf_counter()
        scores = _score(search)
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


def _prepare(options: Options) -> _Search:
    budget = parse_budget(options.budget)
    for name in options.proxy or ():
        find_proxy(name)
    for name in options.allocator:
        find_allocator(name)
    for name in options.sampler:
        find_sampler(name)
    scaling = Scaling(options.scaling, options.lora_alpha, options.shortcut_alpha)
    recipe = Recipe(
        epochs=options.epochs,
        batch_size=options.batch_size,
        weight_decay=options.weight_decay,
        warmup=options.warmup,
        max_grad_norm=options.max_grad_norm,
        scaling=scaling,
        renorm="paper" if options.renorm == "paper" else "preserve",
    )
    devices = resolve_devices(options.device, options.devices)
    inputs = load_inputs(options)
    model = base_model_on(inputs.source, devices[0])
    sites = find_sites(model, options.space)
    max_params = budget.max_params(sites, base_params=count_base_params(model))
    ranks = parse_ranks(options.ranks) if options.ranks else rank_grid(sites, max_params)
    space = SearchSpace(sites, ranks)
    return _Search(options, inputs, space, max_params, recipe, devices)


def _announce(search: _Search, folder: Path) -> None:
    options, task, space = search.options, search.inputs.task, search.space
    _log.info("model    %s on %s", search.inputs.base, ", ".join(search.devices))
    _log.info(
        "task     %s, %s: %d rows to train, %d to select by, %d to report on",
        task.name,
        task.metric,
        len(task.train),
        len(task.validation),
        len(task.test),
    )
    _log.info(
        "space    %s: %d sites, %s parameters per rank, ranks %s",
        options.space,
        len(space.sites),
        f"{space.params_per_rank:,}",
        ",".join(map(str, space.ranks)),
    )
    _log.info("budget   %s parameters", f"{search.max_params:,}")
    _log.info(
        "training %d finalists and the uniform baseline x %d seeds, %g epochs, batch %d, lr %g, scaling %s",
        options.finalists,
        options.seeds,
        options.epochs,
        options.batch_size,
        options.lr,
        options.scaling,
    )
    _log.info("output   %s", folder)


def _score(search: _Search) -> list[SiteScores]:
    options, task = search.options, search.inputs.task
    model = base_model_on(search.inputs.source, search.devices[0])
    count = min(options.scoring_batches, -(-len(task.train) // options.batch_size))
    batches = _scoring_batches(
        task.train, count, options.batch_size, model.config.pad_token_id, search.devices[0]
    )
    with progress("scoring", count, "batch", quiet=options.quiet) as advance:
        evidence = Evidence(
            model,
            batches,
            search.space,
            seed=options.seed,
            scaling=search.recipe.scaling,
            renorm=search.recipe.renorm,
            on_batch=lambda: advance(1),
        )
        if options.proxy is not None:
            return score_sites([find_proxy(name) for name in dict.fromkeys(options.proxy)], evidence)
        scores = []
        for name in _DEFAULT_PROXIES:  # one that says nothing about this space was not asked for
            try:
                scores += score_sites([find_proxy(name)], evidence)
            except DegenerateScoreError as error:
                _log.warning("left out: %s", error)
    if not scores:
        raise InputError(
            f"none of the proxies {list(_DEFAULT_PROXIES)} can rank this space; name others with --proxy."
        )
    return scores


def _scoring_batches(rows: Rows, count: int, batch_size: int, pad_token_id: int, device: str) -> list[Batch]:
    """The first batches of training rows, unshuffled, as in the reference HeteroLoRA program."""
    batches = []
    for start in range(0, count * batch_size, batch_size):
        indices = range(start, min(start + batch_size, len(rows)))
        arrays = padded_inputs(rows, indices, pad_token_id=pad_token_id)
        inputs = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
        batches.append(Batch(inputs, torch.from_numpy(rows.labels[indices.start : indices.stop]).to(device)))
    return batches


def _propose(search: _Search, scores: Sequence[SiteScores]) -> list[Proposal]:
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


def _fine_tune(search: _Search, proposals: Sequence[Proposal], folder: Path) -> list[Finalist]:
    """The uniform baseline, then the finalists, with their runs over all seeds; none is run twice."""
    options, workload = search.options, search.workload
    chosen = [proposals[0], *choose_finalists(proposals, options.finalists, seed=options.seed)]
    seeds = range(options.seed, options.seed + options.seeds)
    candidates = {p.allocation: [Candidate(p.allocation, seed, options.lr) for seed in seeds] for p in chosen}
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
    search: _Search,
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


def _save(search: _Search, allocation: Allocation, run: Trained, folder: Path) -> None:
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
