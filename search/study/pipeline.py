"""One study from end to end: score, draw, fine-tune, tabulate, report."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import torch

from evaluators.store.benchmark_table import BenchmarkTable, Entry, Stratum, StratumKind
from evaluators.training.candidate import Candidate
from proxies.site_scores import SiteScores
from search.cli.options import SHARED, changed, flag_of
from search.cli.output_folder import OutputFolder, decisive
from search.cli.output_path import output_path
from search.cli.provenance import inputs_of
from search.cli.study_options import GROWING, STUDY, StudyOptions
from search.job.fine_tune import fine_tune
from search.job.prepare import Search, announce
from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.search_space import SearchSpace

from .draw import Drawn, draw_budget, draw_only, draw_shapes, draw_without
from .report import REPORT_FILES, write_report
from .scoring import LeftOut, Scored, score_all
from .strata import settings, stratum_of
from .table_notes import notes_of

__all__ = ["TABLE", "run_study"]

TABLE = "table.parquet"
_COMMAND: Final = "search.study"
_log = logging.getLogger(__name__)


def run_study(options: StudyOptions) -> tuple[dict[str, object], str]:
    """Runs or goes on with a study; gives what ``report.json`` holds, and its text.

    Raises UsageError or InputError, and leaves nothing, on options or data that cannot be used; InputError
    where every run failed.
    """
    if options.source is not None:
        _check_only_a_report(options)
        return _report_anew(options.source, options.output if "output" in options.typed else None)
    known = decisive(options, growing=GROWING)
    folder = OutputFolder(output_path(options), _COMMAND, known, inputs=partial(inputs_of, options))
    with folder.opened() as path:
        if options.threads:
            torch.set_num_threads(options.threads)
        searches = settings(options)
        folder.begin()
        for search in searches:
            announce(search, path)
        table = _tabulate(options, searches, path)
        _check_any_finished(table)
        folder.confirm()
        table.write(path / TABLE)
        return write_report(table, path)


def _report_anew(source: Path, output: Path | None) -> tuple[dict[str, object], str]:
    """The report of a study's folder, or of its table, written to ``output`` or beside the table.

    A folder of its own belongs to the report of this table; beside the table it is that of the study, or
    one that holds nothing else.
    """
    path = source if source.is_file() else source / TABLE
    table, home = BenchmarkTable.read(path), path.resolve().parent
    _check_any_finished(table)
    if output is None or output.resolve() == home:
        files = (path.name, TABLE, *REPORT_FILES)
        beside = OutputFolder(path.parent, _COMMAND, {}, inputs=dict, any_options=True, files=files)
        with beside.opened() as folder:
            return write_report(table, folder)
    own = OutputFolder(output, _COMMAND, {"source": str(home / path.name)}, inputs=dict)
    with own.opened() as folder:
        own.begin()
        return write_report(table, folder)


def _check_any_finished(table: BenchmarkTable) -> None:
    """Raises InputError where every run failed, since there is nothing to say then."""
    runs = [run for entry in table.entries for run in entry.runs]
    if all(run.failure is not None for run in runs):
        reasons = sorted({run.failure or "" for run in runs})
        raise InputError(f"every fine-tuning run failed: {'; '.join(reasons[:2])}")


def _check_only_a_report(options: StudyOptions) -> None:
    typed = changed(options, {**SHARED, **STUDY}) - {"source", "output", "json", "quiet"}
    if typed:
        flags = ", ".join(sorted(map(flag_of, typed)))
        raise UsageError(f"--from makes a report of what was trained before; leave out {flags}.")


def _tabulate(options: StudyOptions, searches: Sequence[Search], folder: Path) -> BenchmarkTable:
    """Scores, draws and trains everything."""
    wide = _wide_space(options, searches)
    scored: dict[str, list[Scored]] = {}  # by scaling rule: nothing else moves a proxy
    left_out: dict[str, LeftOut] = {}
    for search in searches:
        if (rule := search.options.scaling) not in scored:
            scored[rule], lacking = score_all(search, wide, folder / "scores")
            left_out |= {one.proxy: one for one in lacking}
    for rule, tables in scored.items():  # a proxy that fails under one rule is left out under all
        scored[rule] = [one for one in tables if one.scores.proxy not in left_out]
    entries: list[Entry] = []
    seen: set[Stratum] = set()
    for search in searches:
        scores = [one.scores for one in scored[search.options.scaling]]
        for kind, drawn in _draws(options, search, scores):
            stratum = stratum_of(search, kind, drawn)
            if stratum not in seen:  # sites alone are the same for all budgets
                seen.add(stratum)
                entries += _trained(search, stratum, drawn, scores, folder)
    notes = notes_of(options, searches, scored, tuple(left_out.values()), entries)
    return BenchmarkTable(wide, searches[0].inputs.task.objective.metric, tuple(entries), notes.to_json())


def _wide_space(options: StudyOptions, searches: Sequence[Search]) -> SearchSpace:
    """The searched sites at ranks that reach whatever may be drawn: the searches' own grids, and beyond.

    Drawn ranks lie between those of the grid and far above it, where few sites share a budget. So
    ranks go up to all that the largest budget can buy at the cheapest site, in steps of a half at most,
    that interpolation of a concave worth has little to miss.
    """
    sites = searches[0].space.sites
    cheapest = min(site.cost_per_rank for site in sites)
    cap = max(site.max_rank for site in sites)
    most = max(*(search.max_params // cheapest for search in searches), options.site_rank)
    halves = {2**power * three // 2 for power in range(1, most.bit_length() + 1) for three in (2, 3)}
    ranks = {0, 1, min(cap, most), *halves, *(rank for search in searches for rank in search.space.ranks)}
    return SearchSpace(sites, tuple(sorted(rank for rank in ranks if rank <= cap)))


def _draws(
    options: StudyOptions, search: Search, scores: Sequence[SiteScores]
) -> Iterator[tuple[StratumKind, list[Drawn]]]:
    on_grid = [table.on_grid(search.space) for table in scores]
    shapes = draw_shapes(search.space, search.max_params)
    yield (
        "budget",
        draw_budget(shapes, on_grid, search.max_params, count=options.allocations, seed=options.seed),
    )
    for truth in options.site_truth or ():
        if truth == "only":
            yield "only", draw_only(search.space, options.site_rank)
        else:
            yield "without", draw_without(search.space, search.max_params)


def _trained(
    search: Search, stratum: Stratum, drawn: Sequence[Drawn], scores: Sequence[SiteScores], folder: Path
) -> list[Entry]:
    """The drawn allocations with their scores and their runs over all seeds."""
    seeds = search.options.all_seeds
    allocations = counted(len(drawn), "allocation")
    _log.info("stratum  %s: %s, %s", stratum.name, allocations, counted(len(seeds), "seed"))
    candidates = [Candidate(one.allocation, seed, stratum.learning_rate) for one in drawn for seed in seeds]
    runs = iter(fine_tune(search, candidates, folder / "candidates", keep_tensors=False))
    return [
        Entry(
            stratum,
            one.allocation,
            one.origins,
            search.space.params(one.allocation),
            tuple((table.proxy, table.of(one.allocation)) for table in scores),
            tuple(run.evaluation for run in islice(runs, len(seeds))),
        )
        for one in drawn
    ]
