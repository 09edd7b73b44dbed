"""A study's report as what ``python -m search.study`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from search.show.number_format import UNDEFINED, decimal
from search.show.sheet import Sheet
from search.show.table import Column, Table, TableCell, TableRow, word_cell
from search.study.judging.report_card import ReportCard
from search.study.judging.stratum_report import StratumReport
from spaces.counted import counted

from .estimate_cells import chance_cell, estimate_cell, fields_of, plain_cell, share_cell

__all__ = ["report_sheet"]

_COLUMNS: Final = (
    Column("proxy", ("proxy",), words=True),
    Column("Spearman [95 %]", fields_of("spearman")),
    Column("Kendall", ("kendall",)),
    Column("of ceiling", ("of_ceiling",)),
    Column("p (Holm)", ("p_holm",)),
    Column("", ("significant",)),
)


def report_sheet(verdict: str, report: StratumReport, sentences: Sequence[str] = ()) -> Sheet:
    """The verdict, a row per proxy in the report's order, and what the rows stand on. sentences: below it."""
    rows = tuple(map(_row, report.cards))
    lost = f", {report.failed} left out since a run failed" if report.failed else ""
    ceiling = UNDEFINED if report.ceiling is None else decimal(report.ceiling)
    counts = f"{counted(report.allocations, 'allocation')}, {counted(report.seeds, 'seed')}{lost}"
    below = (
        "* above 0: after Holm's correction for the number of proxies (p < 0.05), and the interval too",
        f"{report.stratum}, truth: {report.truth_on_rows}, {counts}; noise ceiling {ceiling}",
        *sentences,
    )
    return Sheet(verdict, (Table("", _COLUMNS, rows) if rows else ("no proxy was scored",), below))


def _row(card: ReportCard) -> TableRow:
    return TableRow(
        (
            word_cell(card.proxy),
            estimate_cell(card.spearman),
            plain_cell(card.kendall),
            share_cell(card.of_ceiling),
            chance_cell(card),
            TableCell("*" if card.significant else "", (card.significant,)),
        ),
        strong=card.significant,
    )
