"""The report of a study, made of its table alone: a value, and the files that show it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, get_args

import numpy as np

from evaluators.store.benchmark_table import BenchmarkTable, Entry, Stratum
from evaluators.store.whole_file import write_whole
from search.job.run_names import REPORT_PAGE
from search.run.study_notes import Notes
from search.show.sheet import Sheet
from search.study.display.cost_table import Cost
from search.study.display.page import Section, render_page
from search.study.display.plots import clear_plots, draw_correlations, draw_proxy_maps, draw_stratum
from search.study.display.study_sheet import report_sheet
from search.study.display.table_files import clear_tables, write_costs, write_tables
from search.study.judging.columns import origins_of, params_of, pooled_names, scores_of, truths_of
from search.study.judging.judge import judge, pooled
from search.study.judging.stratum_report import StratumReport, Truth
from search.study.judging.told_beside import ToldBeside, told_beside
from search.study.judging.uniform_verdict import uniform_verdict_on_all
from search.study.judging.verdict import study_verdict
from spaces.counted import counted
from spaces.seeding import named_generator

__all__ = ["REPORT_FILES", "StudyReport", "study_report", "write_report"]

_log = logging.getLogger(__name__)
REPORT_FILES: Final = ("report.json", REPORT_PAGE, "report.md", "report.csv", "tables", "plots")


@dataclass(frozen=True, slots=True, eq=False)
class StudyReport:
    """What a study says. notes: of its table. costs: of scoring, by proxy. beside: the objective's other
    metrics, by the name of the stratum, in those of whole budgets.

    reports: the first one, on whose sentence everything opens, judges by the metric: of all budgets pooled
    where there are several. strata: whose each report is; None of what is pooled.
    """

    notes: Notes
    reports: tuple[StratumReport, ...]
    strata: tuple[Stratum | None, ...]
    costs: tuple[Cost, ...]
    beside: Mapping[str, tuple[ToldBeside, ...]]

    @property
    def verdict(self) -> str:
        """The answer in one sentence."""
        return study_verdict(self.reports[0])

    @property
    def uniform_verdict(self) -> str:
        """Whether anything beats the uniform allocation."""
        return uniform_verdict_on_all(self.reports)

    def to_json(self) -> dict[str, object]:
        """What ``report.json`` holds."""
        notes = self.notes
        return {
            "verdict": self.verdict,
            "uniform_verdict": self.uniform_verdict,
            "facts": dict(notes.facts),
            "positive_label": notes.positive_label,
            "notes": list(notes.remarks),
            "reports": [{**report.to_json(), "verdict": study_verdict(report)} for report in self.reports],
            "costs": [cost.to_json() for cost in self.costs],
            "left_out": {one.proxy: one.reason for one in notes.left_out},
            "beside": {stratum: [one.to_json() for one in told] for stratum, told in self.beside.items()},
        }

    @property
    def lines_beside(self) -> list[str]:
        """A sentence for each stratum that has other metrics."""
        return [f"{stratum}: {'; '.join(map(str, told))}" for stratum, told in self.beside.items() if told]

    @property
    def sheet(self) -> Sheet:
        """What the command prints of it."""
        notes = [f"note: {note}" for note in self.notes.remarks]
        beaten = f"does anything beat uniform? {self.uniform_verdict}"
        return report_sheet(self.verdict, self.reports[0], (beaten, *notes, *self.lines_beside))

    def text(self, folder: Path) -> str:
        """``sheet``, once it is written to ``folder``."""
        files = f"{REPORT_PAGE}, report.json (.md, .csv), tables/, plots/"
        return self.sheet.with_sentences(f"written to {folder}: {files}").text


def study_report(table: BenchmarkTable) -> StudyReport:
    """The report on a study's table; raises InputError on a table that no study wrote.

    Chance (bootstrap, permutations) is seeded by stratum and truth: the same table gives the same report.
    Time: for metric and loss, where they differ, of each stratum, 2,000 bootstrap replicates x proxies x the
    square of the allocations. Memory: the table, and some arrays of (replicates, allocations).
    """
    notes = Notes.of(table)
    _log.info(
        "judging  %s by %s",
        counted(len(table.entries), "allocation"),
        counted(len(table.proxies), "proxy", "proxies"),
    )
    truths: Sequence[Truth] = ("metric",) if table.metric == "loss" else get_args(Truth)  # not twice the same
    judged = [
        (stratum, replace(one, rows=notes.judged_by))
        for truth in truths
        for stratum, one in _judged(table, truth, notes)
    ]
    return StudyReport(
        notes,
        tuple(report for _, report in judged),
        tuple(stratum for stratum, _ in judged),
        tuple(_costs(table, notes)),
        {
            stratum.name: tuple(told_beside(table.of(stratum), notes.direction))
            for stratum in table.strata
            if stratum.kind == "budget"
        },
    )


def write_report(table: BenchmarkTable, folder: Path) -> StudyReport:
    """``study_report``, written as ``REPORT_FILES``."""
    report, plots = study_report(table), folder / "plots"
    clear_plots(plots)
    _write_tables(table, report, folder)
    sections = _sections(table, report, plots)
    maps = draw_proxy_maps(report.notes.site_scores, plots)
    write_whole(folder / "report.json", json.dumps(report.to_json(), indent=2))
    page = render_page(
        title="Which proxies can be trusted",
        headline=report.uniform_verdict,
        verdict=report.verdict,
        facts=[
            *report.notes.facts,
            *(("beside it", line) for line in report.lines_beside),
            *(("note", remark) for remark in report.notes.remarks),
        ],
        sections=[Section(sections[0].report, (*sections[0].images, *maps)), *sections[1:]],
        costs=report.costs,
        left_out=[(one.proxy, one.reason) for one in report.notes.left_out],
    )
    write_whole(folder / REPORT_PAGE, page)
    return report


def _write_tables(table: BenchmarkTable, report: StudyReport, folder: Path) -> None:
    report.sheet.write(folder, "report")
    tables = folder / "tables"
    clear_tables(tables)
    for stratum, one in zip(report.strata, report.reports, strict=True):
        write_tables(one, tables / _name(table, stratum, one))
    write_costs(report.costs, tables)


def _name(table: BenchmarkTable, stratum: Stratum | None, report: StratumReport) -> str:
    """What the files of a report begin with: ``1-metric``, ``pooled-loss``."""
    place = "pooled" if stratum is None else f"{table.strata.index(stratum) + 1}"
    return f"{place}-{report.truth}"


def _judged(
    table: BenchmarkTable, truth: Truth, notes: Notes
) -> Iterator[tuple[Stratum | None, StratumReport]]:
    """A report for each stratum; before them all budgets pooled, where there are several."""
    budgets = [stratum for stratum in table.strata if stratum.kind == "budget"]
    if len(budgets) > 1:
        yield None, _pooled(table, [table.of(stratum) for stratum in budgets], truth, notes)
    for stratum in table.strata:
        entries = table.of(stratum)
        yield (
            stratum,
            judge(
                stratum.name,
                truth,
                truths_of(entries, truth, notes.direction),
                scores_of(table, entries),
                params_of(entries),
                [origins_of(entry) for entry in entries],
                metric=_goodness(table, notes),
                kind=stratum.kind,
                rng=named_generator(0, f"{stratum.name} {truth}"),
            ),
        )


def _pooled(
    table: BenchmarkTable, members: Sequence[Sequence[Entry]], truth: Truth, notes: Notes
) -> StratumReport:
    name = f"{len(members)} strata pooled"
    return pooled(
        name,
        truth,
        [truths_of(entries, truth, notes.direction) for entries in members],
        [scores_of(table, entries) for entries in members],
        [params_of(entries) for entries in members],
        pooled_names(members),
        metric=_goodness(table, notes),
        rng=named_generator(0, f"{name} {truth}"),
    )


def _goodness(table: BenchmarkTable, notes: Notes) -> str:
    """What the metric is called of which more is better."""
    title = notes.metric_title(table)
    return title if notes.direction == "maximize" else f"minus {title}"


def _sections(table: BenchmarkTable, report: StudyReport, plots: Path) -> list[Section]:
    """Each report with its plots."""
    sections = []
    for stratum, one in zip(report.strata, report.reports, strict=True):
        place = plots / _name(table, stratum, one)
        if stratum is None:
            images = draw_correlations(one, place, chance={})
        else:
            images = draw_stratum(table, table.of(stratum), one, place, direction=report.notes.direction)
        sections.append(Section(one, images))
    return sections


def _costs(table: BenchmarkTable, notes: Notes) -> Iterator[Cost]:
    """Of each proxy, as a share of one fine-tuning epoch with its evaluation.

    The epoch is that of the median run with a whole budget: sites alone train faster.
    """
    entries = [entry for entry in table.entries if entry.stratum.kind == "budget"]
    seconds = [run.seconds for entry in entries for run in entry.runs if run.failure is None]
    epoch = float(np.median(seconds)) / notes.epochs if seconds else None
    for cost in notes.costs:
        share = cost.seconds / epoch if epoch else None
        yield Cost(cost.proxy, cost.seconds, share, cost.peak_memory)
