"""A study's report as the table that ``python -m search.study`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from search.show.aligned_text import aligned, wrapped
from search.show.number_format import ABSENT, UNDEFINED, decimal, p_value, percent, signed, with_interval
from search.study.judging.report_card import ReportCard
from search.study.judging.stratum_report import StratumReport
from spaces.counted import counted
from spaces.printable import printable

__all__ = ["format_report"]

_HEAD = ("proxy", "Spearman [95 %]", "Kendall", "of ceiling", "p (Holm)", "")


def format_report(verdict: str, report: StratumReport, notes: Sequence[str] = ()) -> str:
    """The verdict in one line, then in lines of at most 80 columns a row per proxy in the report's order, and
    what the rows stand on. notes: for the reader.
    """
    lines = aligned([_HEAD, *map(_row, report.cards)]) if report.cards else ["no proxy was scored"]
    lost = f", {report.failed} left out since a run failed" if report.failed else ""
    ceiling = UNDEFINED if report.ceiling is None else decimal(report.ceiling)
    counts = f"{counted(report.allocations, 'allocation')}, {counted(report.seeds, 'seed')}{lost}"
    sentences = [
        "* above 0: after Holm's correction for the number of proxies (p < 0.05), and the interval too",
        f"{report.stratum}, truth: {report.truth_name}, {counts}; noise ceiling {ceiling}",
        *(f"note: {note}" for note in notes),
    ]
    below = [line for sentence in sentences for line in wrapped(sentence)]
    return "\n".join([printable(verdict), "", *lines, "", *below])


def _row(card: ReportCard) -> tuple[str, ...]:
    rho = card.spearman
    known = rho.value is not None
    return (
        card.proxy,
        with_interval(rho.value, rho.low, rho.high),
        signed(card.kendall.value),
        ABSENT if card.of_ceiling is None else percent(card.of_ceiling.value),
        p_value(card.p_holm) if known else ABSENT,
        "*" if card.significant else "",
    )
