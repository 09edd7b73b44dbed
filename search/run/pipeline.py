"""One search from end to end: score, propose, evaluate, report, save (DESIGN, section 4)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from proxies.site_scores import SiteScores
from search.allocation.registry import find_allocator
from search.cli.output_folder import write_whole
from search.cli.progress import progress
from search.cli.run_options import SearchOptions
from search.sampling.proposals import Proposal, propose
from search.sampling.samplers import find_sampler
from search.sampling.study_db import record_finalists, record_proposals
from search.show.heat_map import draw_rank_heat_map
from spaces.counted import counted
from spaces.errors import InputError, UsageError

from .choose_finalists import choose_finalists
from .evaluator import Evaluator, Setting
from .finalist import Finalist
from .result import Outcome, result_of
from .tabulated import TabulatedEvaluator
from .trained import TrainedEvaluator
from .weight_shared import SupernetEvaluator

__all__ = ["evaluator_of", "search_with"]

_log = logging.getLogger(__name__)
_EVALUATORS: Final[Mapping[str, Callable[[SearchOptions], Evaluator]]] = {
    "train": TrainedEvaluator.of,
    "supernet": SupernetEvaluator.of,
}


def evaluator_of(options: SearchOptions) -> Evaluator:
    """Loads everything; raises UsageError or InputError on what cannot be used."""
    for name in options.allocator:
        find_allocator(name)
    for name in options.sampler:
        find_sampler(name)
    if options.table is None:
        return _EVALUATORS[options.evaluator](options)
    if options.evaluator != "train":
        raise UsageError(
            f"--table and --evaluator {options.evaluator} exclude each other: a table has runs of its own; "
            "give one of them."
        )
    return TabulatedEvaluator.of(options)


def search_with(evaluator: Evaluator, options: SearchOptions, output: Path) -> dict[str, object]:
    """Everything between the options and the result object; the winner is saved."""
    setting = evaluator.setting
    evaluator.announce(output)
    among, seeds = counted(options.finalists, "finalist"), counted(len(setting.seeds), "seed")
    _log.info("compare  %s and the uniform baseline, %s", among, seeds)
    started = time.perf_counter()
    scores = evaluator.score()
    scored = time.perf_counter()
    proposals = _propose(evaluator, options, scores)
    _log.info("writing  %s to study.db", counted(len(proposals), "proposal"))
    record_proposals(output / "study.db", proposals, setting.space, [table.proxy for table in scores])
    proposed = time.perf_counter()
    finalists = _evaluate(evaluator, options, proposals, output)
    tuned = time.perf_counter()
    winner = _winner(finalists)
    outcome = Outcome(tuple(finalists), winner, evaluator.conclude(winner, finalists[0], output))
    _save(setting, outcome, output)
    return result_of(
        outcome,
        space=setting.space,
        max_params=setting.max_params,
        scores=scores,
        judged=setting.judged,
        positive_label=setting.positive_label,
        notes=setting.notes,
        seconds={
            "scoring": scored - started,
            "proposing": proposed - scored,
            "fine_tuning": tuned - proposed,
        },
        output=output,
    )


def _propose(evaluator: Evaluator, options: SearchOptions, scores: Sequence[SiteScores]) -> list[Proposal]:
    total = 1 + len(scores) * len(options.allocator) + options.trials * len(options.sampler)
    with progress("proposing", total, "allocation", quiet=options.quiet) as advance:
        return propose(
            scores,
            max_params=evaluator.setting.max_params,
            allocators=options.allocator,
            samplers=options.sampler,
            trials=options.trials,
            seed=options.seed,
            answers=evaluator.answer,
            on_proposal=lambda _: advance(1),
        )


def _evaluate(
    evaluator: Evaluator, options: SearchOptions, proposals: Sequence[Proposal], output: Path
) -> list[Finalist]:
    """The uniform baseline, then the finalists, with their runs over all seeds."""
    chosen = [proposals[0], *choose_finalists(proposals, options.finalists, seed=options.seed)]
    runs = evaluator.evaluate([proposal.allocation for proposal in chosen], output)
    return [Finalist(proposal, own) for proposal, own in zip(chosen, runs, strict=True)]


def _winner(finalists: Sequence[Finalist]) -> Finalist:
    """The best by validation, the uniform baseline, which comes first, unless one is ahead of it.

    Raises InputError where every run failed.
    """
    best, baseline = max(finalists, key=lambda finalist: finalist.rank), finalists[0]
    winner = best if best.ahead_of(baseline) else baseline
    if not winner.finished:
        reasons = sorted({run.evaluation.failure or "" for f in finalists for run in f.runs})
        raise InputError(f"every fine-tuning run failed: {'; '.join(reasons[:2])}")
    return winner


def _save(setting: Setting, outcome: Outcome, output: Path) -> None:
    """Writes down what is known of the finalists, and draws the winner."""
    proposal = outcome.winner.proposal
    record_finalists(output / "study.db", outcome.finalists, setting.space, metric=setting.judged.title)
    write_whole(output / "allocation.json", proposal.allocation.to_json())
    title = f"{setting.title}, {proposal.params:,} of {counted(setting.max_params, 'parameter')}"
    draw_rank_heat_map(proposal.allocation, setting.space, output / "ranks.png", title=title)
