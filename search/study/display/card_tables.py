"""The tables of report cards: what is said of each proxy."""

from __future__ import annotations

from collections import Counter
from typing import Final

from search.show.number_format import ABSENT, UNDEFINED, decimal, percent
from search.show.table import Column, Table, TableCell, TableRow, count_cell, word_cell
from search.study.judging.report_card import Estimate, ReportCard, TopK
from search.study.judging.stratum_report import StratumReport
from spaces.counted import counted

from .estimate_cells import BOUNDS, chance_cell, estimate_cell, fields_of, plain_cell, share_cell

__all__ = ["at_k_table", "card_table", "ceiling_line", "correlation_table"]

_EQUAL_COST: Final = "equal cost"
_USUAL_K: Final = 5
_PROXY: Final = Column("proxy", ("proxy",), words=True)


def card_table(report: StratumReport) -> Table:
    """A row per proxy with what matters most, at the one k nearest to 5."""
    shown = min(_ks(report), key=lambda k: abs(k - _USUAL_K), default=None)
    columns = [
        _PROXY,
        Column(f"Spearman ρ {BOUNDS}", fields_of("spearman")),
        Column("Kendall τ", ("kendall",)),
        Column("Pearson r", ("pearson",)),
        Column("partial ρ given params", ("partial_given_params",)),
        Column(f"beats params by {BOUNDS}", fields_of("beats_params_by")),
        Column(f"beats spread by {BOUNDS}", fields_of("beats_spread_by")),
        Column("of ceiling", ("of_ceiling",)),
        Column("p (Holm)", ("p_holm",)),
    ]
    if shown is not None:
        titles = {f"precision@{shown}": "precision", f"regret@{shown}": "regret"}
        titles[f"best rank@{shown}"] = "best_rank"
        columns += [Column(title, (f"{field}_at_{shown}",)) for title, field in titles.items()]
    rows = [
        TableRow((*_card_cells(card), *_at_cells(card, shown)), strong=card.significant)
        for card in report.cards
    ]
    return Table("Report cards", tuple(columns), tuple(rows), name="cards")


def correlation_table(report: StratumReport) -> Table:
    """A row per proxy: what the cards show without an interval, with it."""
    columns = (
        _PROXY,
        Column(f"Kendall τ {BOUNDS}", fields_of("kendall")),
        Column(f"Pearson r {BOUNDS}", fields_of("pearson")),
        Column(f"partial ρ given params {BOUNDS}", fields_of("partial_given_params")),
        Column(f"of ceiling {BOUNDS}", fields_of("of_ceiling")),
    )
    rows = [
        TableRow(
            (
                word_cell(card.proxy),
                estimate_cell(card.kendall),
                estimate_cell(card.pearson),
                estimate_cell(card.partial, absent=_EQUAL_COST),
                estimate_cell(card.of_ceiling, 0, write=percent),
            )
        )
        for card in report.cards
    ]
    return Table("Other correlations, and share of the ceiling", columns, tuple(rows), name="correlations")


def at_k_table(report: StratumReport) -> Table:
    """A row per proxy and k, with intervals."""
    columns = (
        _PROXY,
        Column("k", ("k",)),
        Column(f"precision@k {BOUNDS}", fields_of("precision")),
        Column(f"regret@k {BOUNDS}", fields_of("regret")),
        Column(f"best rank@k {BOUNDS}", fields_of("best_rank")),
    )
    rows = [
        TableRow(
            (
                word_cell(card.proxy),
                count_cell(at.k),
                estimate_cell(at.precision, write=decimal),
                estimate_cell(at.regret, 4, write=decimal),
                estimate_cell(at.best_rank, 1, write=decimal),
            ),
            gap=at is card.at_k[0] and card is not report.cards[0],
        )
        for card in report.cards
        for at in card.at_k
    ]
    return Table("At every k", columns, tuple(rows), name="at-k")


def ceiling_line(report: StratumReport) -> str:
    """What the stratum stands on and how well a perfect proxy could do there, in a sentence each."""
    lost = f" ({report.failed} more left out since a run failed)" if report.failed else ""
    stands = f"{counted(report.allocations, 'allocation')}, {counted(report.seeds, 'seed')}{lost}."
    stands += _ties(report)
    if report.ceiling is None:
        return f"{stands} Noise ceiling: {UNDEFINED}, since {_why_no_ceiling(report)}."
    return (
        f"{stands} Noise ceiling: {decimal(report.ceiling)}, the Spearman that a perfect proxy would reach "
        f"on average (reliability of the mean over seeds: {decimal(report.reliability)})."
    )


def _ties(report: StratumReport) -> str:
    """What says that most allocations cannot be told apart; empty where most can."""
    most = max(Counter(round(one.truth, 12) for one in report.contests).values(), default=0)
    if most < 3 or 2 * most <= len(report.contests):
        return ""
    truth = report.truth_name.removeprefix("minus ")
    return (
        f" {most:,} of the {len(report.contests):,} other than uniform have the same {truth}: what is said "
        "of ranks stands on the rest; judge by more rows."
    )


def _why_no_ceiling(report: StratumReport) -> str:
    if report.seeds < 2:
        return "it takes two seeds to see the noise"
    if report.allocations < 3:
        return "it takes three allocations that finished on every seed"
    return "a truth is the same for all"


def _ks(report: StratumReport) -> list[int]:
    return sorted({at.k for card in report.cards for at in card.at_k})


def _card_cells(card: ReportCard) -> tuple[TableCell, ...]:
    return (
        word_cell(card.proxy),
        estimate_cell(card.spearman),
        plain_cell(card.kendall),
        plain_cell(card.pearson),
        plain_cell(card.partial, absent=_EQUAL_COST),
        _beats(card.over_params, absent=_EQUAL_COST),
        _beats(card.over_spread, absent=ABSENT),
        share_cell(card.of_ceiling),
        chance_cell(card),
    )


def _at_cells(card: ReportCard, shown: int | None) -> tuple[TableCell, ...]:
    """precision, regret and best rank at ``shown``; none of them where no card has any k."""
    if shown is None:
        return ()
    at: TopK | None = next((each for each in card.at_k if each.k == shown), None)
    if at is None:
        return (plain_cell(None),) * 3
    return (
        plain_cell(at.precision, write=decimal),
        plain_cell(at.regret, 4, write=decimal),
        plain_cell(at.best_rank, 1, write=decimal),
    )


def _beats(over: Estimate | None, *, absent: str) -> TableCell:
    """The gain over another proxy, with "yes" where its whole interval is above 0."""
    beaten = over is not None and over.above_zero
    return estimate_cell(over, absent=absent, before="yes, " if beaten else "")
