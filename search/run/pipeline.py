"""One search from end to end: score, propose, evaluate, report, save (DESIGN, section 4)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from evaluators.store.whole_file import write_whole
from proxies.registry import proxy_names
from proxies.site_scores import SiteScores
from search.allocation.registry import find_allocator
from search.folder.output_folder import OutputFolder
from search.job.progress import Progress, silent
from search.job.run_names import ADAPTER_FOLDER, ALLOCATION_FILE, CANDIDATES, FINALISTS_PLOT, RANKS_PLOT
from search.job.texts import write_answers
from search.live.finals import AllFailedError
from search.live.pruning import find_pruner
from search.live.settings import LiveSettings
from search.mirror.free_names import check_free
from search.mirror.study_place import StudyPlace
from search.sampling.choose_finalists import choose_finalists
from search.sampling.proposals import Proposal, proposals_in_all, propose
from search.sampling.samplers import find_sampler
from search.sampling.usual import usual_allocations
from search.show.heat_map import draw_rank_heat_map
from spaces.counted import counted

from .finalist import Finalist
from .finalists_mirror import PLAIN_STUDIES, finalists_mirror, show_proposals
from .finalists_plot import draw_finalists
from .oracle import Oracle
from .record import SearchRecord
from .result import Result
from .search_sheet import search_sheet
from .settings import SearchSettings

__all__ = [
    "best_of",
    "check_names",
    "result_with",
    "save_result",
    "search_in_folder",
    "search_with",
]

_Found = TypeVar("_Found", bound=Result | SearchRecord)
_log = logging.getLogger(__name__)


def check_names(settings: SearchSettings, live: LiveSettings) -> None:
    """Raises UsageError on a proxy, allocator, sampler or pruner that there is not, before anything is
    loaded."""
    find_pruner(live.pruner)
    proxy_names(settings.proxy or ())
    for name in settings.allocator:
        find_allocator(name)
    for name in settings.sampler:
        find_sampler(name)


def search_in_folder(owner: OutputFolder, search: Callable[[Path, str], _Found]) -> _Found:
    """The result of a search in an open folder, all of it written there, ``result.json`` and tables too.

    search: what can be refused of it was refused. Raises InputError where what it reads changes meanwhile.
    """
    owner.begin()
    result = search(owner.path, owner.identity)
    record = result.record if isinstance(result, Result) else result
    search_sheet(record).write(owner.path, "result")
    owner.finish(result.to_json())
    return result


def search_with(
    oracle: Oracle,
    settings: SearchSettings,
    folder: Path,
    *,
    seed: int,
    study: StudyPlace,
    progress: Progress = silent,
) -> Result:
    """The result of a search; all but ``result.json`` is written into ``folder``, the winner among it.

    Args:
        oracle: answers for the allocations.
        settings: who proposes, how many, and how many finalists.
        folder: there already; the finalists' runs that it holds are read, in ``candidates``.
        seed: >= 0, of all that is drawn.
        study: where the studies of proposals and finalists lie.
        progress: of scoring, proposing and evaluating.
    """
    check_free(study, PLAIN_STUDIES)
    problem = oracle.problem
    oracle.announce(folder)
    among, seeds = counted(settings.finalists, "finalist"), counted(len(problem.seeds), "seed")
    _log.info("compare  %s and the uniform baseline, %s", among, seeds)
    started = time.perf_counter()
    scores = oracle.score(settings.proxy, progress)
    scored = time.perf_counter()
    proposals = _propose(oracle, settings, scores, seed, progress)
    where = "the storage" if isinstance(study.where, str) else study.where.name
    _log.info("writing  %s to %s", counted(len(proposals), "proposal"), where)
    show_proposals(study, problem, proposals, [table.proxy for table in scores])
    chosen = [proposals[0], *choose_finalists(proposals, settings.finalists, seed=seed)]
    spent = {"scoring": scored - started, "proposing": time.perf_counter() - scored}
    kept = folder / CANDIDATES
    with finalists_mirror(study, problem, chosen) as shown:
        found = result_with(oracle, chosen, kept, progress, scores=scores, seconds=spent, output=folder)
        result = replace(found, study=study.elsewhere)
        save_result(result, folder, study.command)
        shown.ended(result)
    return result


def result_with(
    oracle: Oracle,
    proposals: Sequence[Proposal],
    folder: Path,
    progress: Progress,
    *,
    scores: Sequence[SiteScores] = (),
    seconds: Mapping[str, float],
    output: Path | None,
) -> Result:
    """The proposals evaluated, the best of them chosen, and tested beside the baseline.

    Args:
        oracle: whose problem they are of, and who tests.
        proposals: the uniform baseline first.
        folder: keeps what has finished of their runs.
        progress: of evaluating, and of what is written.
        scores: that the proposals have.
        seconds: what was spent before, by stage.
        output: where all of it lies, where it is written.

    Raises AllFailedError where every run failed.
    """
    started = time.perf_counter()
    runs = oracle.runs(proposals, folder, progress)
    direction = oracle.problem.judged.direction
    finalists = tuple(Finalist(one, own, direction) for one, own in zip(proposals, runs, strict=True))
    spent = {**seconds, "fine_tuning": time.perf_counter() - started}
    winner = best_of(finalists)
    started = time.perf_counter()
    conclusion = oracle.conclude(winner, finalists[0], folder, progress)
    if conclusion is not None and conclusion.writing is not None:
        spent["testing"] = time.perf_counter() - started
    return Result(oracle.problem, tuple(scores), finalists, winner, conclusion, spent, output, oracle.save)


def best_of(finalists: Sequence[Finalist]) -> Finalist:
    """The best by validation, the uniform baseline, which comes first, unless one is ahead of it.

    Raises AllFailedError where every run failed.
    """
    best, baseline = max(finalists, key=lambda finalist: finalist.rank), finalists[0]
    winner = best if best.ahead_of(baseline) else baseline
    if not winner.finished:
        reasons = sorted({run.evaluation.failure or "" for f in finalists for run in f.runs})
        raise AllFailedError(f"every fine-tuning run failed: {'; '.join(reasons[:2])}")
    return winner


def _propose(
    oracle: Oracle, settings: SearchSettings, scores: Sequence[SiteScores], seed: int, progress: Progress
) -> list[Proposal]:
    usual = usual_allocations(oracle.problem.space, oracle.problem.max_params)
    total = proposals_in_all(
        usual=len(usual),
        proxies=len(scores),
        allocators=settings.allocator,
        samplers=settings.sampler,
        trials=settings.proposals,
    )
    with progress("proposing", total, "allocation") as advance:
        return propose(
            scores,
            max_params=oracle.problem.max_params,
            allocators=settings.allocator,
            samplers=settings.sampler,
            trials=settings.proposals,
            seed=seed,
            usual=usual,
            stands_for=oracle.stands_for,
            on_proposal=lambda _: advance(1),
        )


def save_result(result: Result, folder: Path, command: str | None) -> None:
    """Saves and draws the winner, and draws the finalists. command: for the model card."""
    problem, proposal = result.problem, result.winner.proposal
    if result.conclusion is not None:
        result.best.save(folder / ADAPTER_FOLDER, command=command)
    write_answers(result.writing, folder)
    write_whole(folder / ALLOCATION_FILE, proposal.allocation.to_json())
    title = f"{problem.title}, {proposal.params:,} of {counted(problem.max_params, 'parameter')}"
    draw_rank_heat_map(proposal.allocation, problem.drawn_space, folder / RANKS_PLOT, title=title)
    draw_finalists(result.record, folder / FINALISTS_PLOT)
