"""The report of a study, made of its table alone: JSON, page and plots."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import Final, get_args

import numpy as np

from evaluators.store.benchmark_table import BenchmarkTable, Entry, Stratum
from evaluators.store.whole_file import write_whole
from search.run.table_notes import Notes
from search.show.aligned_text import wrapped
from search.study.display.forest_plot import draw_forest
from search.study.display.origin_groups import group_of
from search.study.display.page import Cost, Section, write_page
from search.study.display.regret_plot import draw_regret
from search.study.display.scatter_plots import draw_scatters
from search.study.display.score_maps import draw_score_maps
from search.study.display.text_table import format_report
from search.study.display.truth_names import truth_name
from search.study.judging.chance_regret import chance_regret
from search.study.judging.judge import KS, judge, pooled
from search.study.judging.mean_truth import mean_over_seeds
from search.study.judging.report_card import StratumReport, Truth
from search.study.judging.verdict import CONTROL, verdict
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.seeding import named_generator

__all__ = ["REPORT_FILES", "write_report"]

_log = logging.getLogger(__name__)
REPORT_FILES: Final = ("report.json", "report.html", "plots")
_PLOT: Final = re.compile(r"((\d+|pooled)-(metric|loss)-(forest|regret|scatter)|sites-[a-z()-]+)\.png")


def write_report(table: BenchmarkTable, folder: Path) -> tuple[dict[str, object], str]:
    """Writes ``report.json``, ``report.html`` and ``plots/``; gives the JSON object and its text.

    The first report, on whose sentence the page opens, judges by the metric: of all budgets pooled
    where there are several. Chance (bootstrap, permutations) is seeded by stratum and truth: the same
    table gives the same report. Raises InputError on a table that no study wrote.

    Time: for metric and loss of each stratum, 2,000 bootstrap replicates x proxies x the square of the
    allocations, and plots. Memory: the table, and some arrays of (replicates, allocations).
    """
    notes = Notes.of(table)
    _log.info(
        "judging  %s by %s",
        counted(len(table.entries), "allocation"),
        counted(len(table.proxies), "proxy", "proxies"),
    )
    plots = folder / "plots"
    plots.mkdir(parents=True, exist_ok=True)
    for old in [path for path in plots.iterdir() if _PLOT.fullmatch(path.name)]:
        old.unlink()
    sections = [section for truth in get_args(Truth) for section in _sections(table, notes, truth, plots)]
    maps = _draw_maps(notes, plots)
    reports = [section.report for section in sections]
    said = verdict(reports[0])
    costs = _costs(table, notes)
    content: dict[str, object] = {
        "verdict": said,
        "facts": dict(notes.facts),
        "positive_label": notes.positive_label,
        "notes": list(notes.remarks),
        "reports": [{**asdict(report), "verdict": verdict(report)} for report in reports],
        "costs": [asdict(cost) for cost in costs],
        "left_out": {one.proxy: one.reason for one in notes.left_out},
    }
    write_whole(folder / "report.json", json.dumps(content, indent=2))
    write_page(
        folder / "report.html",
        title="Which proxies can be trusted",
        verdict=said,
        facts=[*notes.facts, *(("note", remark) for remark in notes.remarks)],
        sections=[Section(sections[0].report, (*sections[0].images, *maps)), *sections[1:]],
        costs=costs,
        left_out=[(one.proxy, one.reason) for one in notes.left_out],
    )
    written = wrapped(f"written to {folder}: report.html, report.json, plots/")
    return content, "\n".join([format_report(said, reports[0], notes.remarks), "", *written])


def _sections(table: BenchmarkTable, notes: Notes, truth: Truth, plots: Path) -> Iterator[Section]:
    """One for each stratum, with its plots; before them all budgets pooled, where there are several."""
    metric = notes.metric_title(table)
    budgets = [stratum for stratum in table.strata if stratum.kind == "budget"]
    if len(budgets) > 1:
        members = [table.of(stratum) for stratum in budgets]
        name = f"{len(budgets)} strata pooled"
        report = pooled(
            name,
            truth,
            [_truths(entries, truth) for entries in members],
            [_scores(table, entries) for entries in members],
            [_params(entries) for entries in members],
            _names(members),
            rng=named_generator(0, f"{name} {truth}"),
        )
        yield _illustrated(replace(report, metric=metric), plots / f"pooled-{truth}")
    for number, stratum in enumerate(table.strata, 1):
        yield _stratum_section(table, stratum, truth, metric, plots / f"{number}-{truth}")


def _stratum_section(
    table: BenchmarkTable, stratum: Stratum, truth: Truth, metric: str, place: Path
) -> Section:
    entries = table.of(stratum)
    truths, scores = _truths(entries, truth), _scores(table, entries)
    origins = [entry.origins for entry in entries]
    rng = named_generator(0, f"{stratum.name} {truth}")
    judged = judge(stratum.name, truth, truths, scores, _params(entries), origins, rng=rng)
    report = replace(judged, metric=metric)
    finished = np.isfinite(truths).all(axis=1)
    if not finished.any():
        return _illustrated(report, place)
    ks = [k for k in KS if k <= finished.sum()]
    section = _illustrated(
        report, place, chance_regret(mean_over_seeds(truths[finished], np.arange(truths.shape[1])), ks)
    )
    path = place.with_name(f"{place.name}-scatter.png")
    draw_scatters(
        {card.proxy: scores[card.proxy][finished] for card in report.cards},
        truths[finished],
        path,
        truth_label=f"validation {metric}" if truth == "metric" else truth_name(report),
        kinds=[group_of(names) for names, kept in zip(origins, finished, strict=True) if kept],
    )
    return Section(report, (*section.images, ("every proxy's score against the truth", path)))


def _illustrated(report: StratumReport, place: Path, chance: Mapping[int, float] | None = None) -> Section:
    """A report with its forest plot and regret curves, written to files that begin with ``place``.

    chance: the regret of a random choice at each k, where it is known.
    """
    forest, regret = (place.with_name(f"{place.name}-{what}.png") for what in ("forest", "regret"))
    draw_forest(report, forest)
    draw_regret(report, regret, chance=chance)
    return Section(
        report,
        (
            ("rank correlation of every proxy with the truth, 95 % intervals", forest),
            ("what training only a proxy's k best would lose", regret),
        ),
    )


def _draw_maps(notes: Notes, plots: Path) -> list[tuple[str, Path]]:
    images = []
    for rule, tables in notes.site_scores.items():
        path = plots / f"sites-{rule.replace('/', '-')}.png"
        draw_score_maps({one.proxy: one.by_site for one in tables}, tables[0].space, path)
        images.append((f"site scores, layer by role, as ranks among all sites ({rule})", path))
    return images


def _truths(entries: Sequence[Entry], truth: Truth) -> np.ndarray:
    """(allocations, seeds), larger is better, NaN where a run failed."""
    values = [[run.metric if truth == "metric" else run.loss for run in entry.runs] for entry in entries]
    return np.array(values, dtype=np.float64) * (1.0 if truth == "metric" else -1.0)


def _scores(table: BenchmarkTable, entries: Sequence[Entry]) -> dict[str, np.ndarray]:
    """By proxy, (allocations,); the parameter count itself in place of what the proxy of its name says."""
    of_proxy = np.array([[score for _, score in entry.scores] for entry in entries], dtype=np.float64)
    return {**dict(zip(table.proxies, of_proxy.T, strict=True)), CONTROL: _params(entries)}


def _names(members: Sequence[Sequence[Entry]]) -> list[list[Hashable]]:
    """Of the allocations of strata that are pooled: equal for those whose truths are related.

    These are equal allocations and, at different budgets, those of one shape or of one turn among the random
    ones, which are drawn from the same weights (``draw_budget``).
    """
    known: dict[int, dict[Allocation, Hashable]] = {}
    names: list[list[Hashable]] = []
    for entries in members:
        turn = count()
        patterns = {entry.allocation: _pattern(entry, turn) for entry in entries}
        budget = entries[0].stratum.max_params
        first = known.setdefault(budget, patterns)
        names.append([first.get(entry.allocation, (budget, entry.allocation)) for entry in entries])
    return names


def _pattern(entry: Entry, turn: Iterator[int]) -> Hashable:
    """What drew it at any budget; a proxy's pick is of its own budget."""
    if group_of(entry.origins) == "random":
        return next(turn)
    shapes = [origin for origin in entry.origins if group_of([origin]) not in ("random", "proxy pick")]
    return shapes[0] if shapes else (entry.stratum.max_params, entry.allocation)


def _params(entries: Sequence[Entry]) -> np.ndarray:
    return np.array([entry.params for entry in entries], dtype=np.float64)


def _costs(table: BenchmarkTable, notes: Notes) -> list[Cost]:
    """Of each proxy, as a share of one fine-tuning epoch with its evaluation.

    The epoch is that of the median run with a whole budget: sites alone train faster.
    """
    entries = [entry for entry in table.entries if entry.stratum.kind == "budget"]
    seconds = [run.seconds for entry in entries for run in entry.runs if run.failure is None]
    epoch = float(np.median(seconds)) / notes.epochs if seconds else None
    return [
        Cost(cost.proxy, cost.seconds, cost.seconds / epoch if epoch else None, cost.peak_memory)
        for cost in notes.costs
    ]
