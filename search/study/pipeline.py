"""The table of a study, from its jobs: score, draw, fine-tune."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from evaluators.store.benchmark_table import BenchmarkTable, Entry, Stratum, StratumKind
from evaluators.training.leg import whole
from proxies.registry import proxy_names
from proxies.site_scores import SiteScores
from search.job.fine_tune import fine_tune_all
from search.job.job import Job
from search.job.prepare import announce
from search.job.progress import Progress, silent
from search.job.run_names import CANDIDATES, SCORES
from search.mirror.study_place import StudyPlace
from search.run.study_notes import LeftOut
from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.search_space import SearchSpace

from .draw import Drawn, draw_budget, draw_only, draw_shapes, draw_without
from .notes_of import notes_of
from .scoring import Scored, score_all
from .settings import StudySettings
from .strata import SITE_TRUTHS, stratum_of
from .stratum_mirror import stratum_mirror

__all__ = ["TABLE", "check_any_finished", "check_study_names", "tabulate", "wide_space"]

TABLE = "table.parquet"
_log = logging.getLogger(__name__)


def check_study_names(settings: StudySettings) -> None:
    """Raises UsageError on a proxy or a truth of sites that there is not, before anything is loaded."""
    proxy_names(settings.proxy or ())
    for name in settings.site_truth or ():
        if name not in SITE_TRUTHS:
            raise UsageError(f"`site_truth={name}` is unknown; choose from {', '.join(SITE_TRUTHS)}.")


def check_any_finished(table: BenchmarkTable) -> None:
    """Raises InputError where every run failed, since there is nothing to say then."""
    runs = [run for entry in table.entries for run in entry.runs]
    if all(run.failure is not None for run in runs):
        reasons = sorted({run.failure or "" for run in runs})
        raise InputError(f"every fine-tuning run failed: {'; '.join(reasons[:2])}")


def tabulate(
    jobs: Sequence[Job],
    settings: StudySettings,
    folder: Path,
    *,
    study: StudyPlace,
    progress: Progress = silent,
    score: Callable[..., tuple[list[Scored], list[LeftOut]]] = score_all,
) -> BenchmarkTable:
    """Everything scored, drawn and trained.

    Args:
        jobs: one a stratum, over the same sites.
        settings: which allocations are drawn, and by which proxies they are scored.
        folder: what it holds of scores and of runs is read.
        study: where a study of each stratum is kept.
        progress: of scoring, and of each stratum's training.
        score: scores the sites of one job, as ``score_all`` does.
    """
    _announce(jobs, folder)
    wide = wide_space(jobs, settings.site_rank)
    scored: dict[str, list[Scored]] = {}  # by scaling rule: nothing else moves a proxy
    left_out: dict[str, LeftOut] = {}
    for job in jobs:
        if (rule := job.recipe.scaling.rule) not in scored:
            tables, lacking = score(job, settings.proxy, wide, folder / SCORES, progress=progress)
            scored[rule] = tables
            left_out |= {one.proxy: one for one in lacking}
    for rule, tables in scored.items():  # a proxy that fails under one rule is left out under all
        scored[rule] = [one for one in tables if one.scores.proxy not in left_out]
    entries: list[Entry] = []
    seen: set[Stratum] = set()
    for job in jobs:
        scores = [one.scores for one in scored[job.recipe.scaling.rule]]
        for kind, drawn in _draws(job, settings, scores):
            stratum = stratum_of(job, kind, drawn)
            if stratum not in seen:  # sites alone are the same for all budgets
                seen.add(stratum)
                entries += _trained(job, stratum, drawn, scores, folder, study, progress)
    notes = notes_of(jobs, scored, tuple(left_out.values()), entries)
    return BenchmarkTable(wide, jobs[0].task.objective.metric, tuple(entries), notes.to_json())


def _announce(jobs: Sequence[Job], folder: Path) -> None:
    """The first job, and what the others differ in."""
    rates = dict.fromkeys(job.learning_rate for job in jobs)
    announce(jobs[0], folder, rates=[*rates], scalings=[*dict.fromkeys(j.recipe.scaling.rule for j in jobs)])
    if len(jobs) > 1:
        names = "; ".join(
            f"{counted(job.max_params, 'parameter')}, {job.recipe.scaling.rule}, lr {job.learning_rate:g}"
            for job in jobs
        )
        _log.info("strata   %s", names)


def wide_space(jobs: Sequence[Job], site_rank: int) -> SearchSpace:
    """The searched sites at ranks that reach whatever may be drawn: the jobs' own grids, and beyond.

    Drawn ranks lie between those of the grid and far above it, where few sites share a budget. So
    ranks go up to all that the largest budget can buy at the cheapest site, in steps of a half at most,
    that interpolation of a concave worth has little to miss.
    """
    sites = jobs[0].space.sites
    cheapest = min(site.cost_per_rank for site in sites)
    cap = max(site.max_rank for site in sites)
    most = max(*(job.max_params // cheapest for job in jobs), site_rank)
    halves = {2**power * three // 2 for power in range(1, most.bit_length() + 1) for three in (2, 3)}
    ranks = {0, 1, min(cap, most), *halves, *(rank for job in jobs for rank in job.space.ranks)}
    return SearchSpace(sites, tuple(sorted(rank for rank in ranks if rank <= cap)))


def _draws(
    job: Job, settings: StudySettings, scores: Sequence[SiteScores]
) -> Iterator[tuple[StratumKind, list[Drawn]]]:
    on_grid = [table.on_grid(job.space) for table in scores]
    shapes = draw_shapes(job.space, job.max_params)
    yield (
        "budget",
        draw_budget(shapes, on_grid, job.max_params, count=settings.allocations, seed=job.seed),
    )
    for truth in settings.site_truth or ():
        if truth == "only":
            yield "only", draw_only(job.space, settings.site_rank)
        else:
            yield "without", draw_without(job.space, job.max_params)


def _trained(
    job: Job,
    stratum: Stratum,
    drawn: Sequence[Drawn],
    scores: Sequence[SiteScores],
    folder: Path,
    study: StudyPlace,
    progress: Progress,
) -> list[Entry]:
    """The drawn allocations with their scores and their runs over all seeds."""
    allocations = counted(len(drawn), "allocation")
    _log.info("stratum  %s: %s, %s", stratum.name, allocations, counted(len(job.seeds), "seed"))
    named = [(candidate, one) for one in drawn for candidate in job.candidates(one.allocation)]
    for candidate, one in named:
        job.machine.log.named(candidate, str(one.origins[0]))
    candidates = [candidate for candidate, _ in named]
    with stratum_mirror(study, job, stratum, drawn, scores) as machine:
        (trained,) = fine_tune_all(
            [(job.workload, whole(candidates))],
            folder / CANDIDATES,
            machine,
            keep_tensors=False,
            progress=progress,
        )
    runs = iter(trained)
    return [
        Entry(
            stratum,
            one.allocation,
            tuple(map(str, one.origins)),
            job.space.params(one.allocation),
            tuple((table.proxy, table.of(one.allocation)) for table in scores),
            tuple(run.evaluation for run in islice(runs, len(job.seeds))),
        )
        for one in drawn
    ]
