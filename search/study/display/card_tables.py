"""The tables of report cards: what is said of each proxy, as rows of written cells."""

from __future__ import annotations

from typing import Final

from search.show.number_format import (
    ABSENT,
    UNDEFINED,
    decimal,
    p_value,
    percent,
    signed,
    with_interval,
)
from search.study.judging.report_card import Estimate, ReportCard, TopK
from search.study.judging.stratum_report import StratumReport
from spaces.counted import counted

from .table import BOUNDS, Table, TableRow

__all__ = ["at_k_table", "card_table", "ceiling_line", "correlation_table"]

_EQUAL_COST: Final = "equal cost"
_USUAL_K: Final = 5


def card_table(report: StratumReport) -> Table:
    """A row per proxy with what matters most, at the one k nearest to 5."""
    shown = min(_ks(report), key=lambda k: abs(k - _USUAL_K), default=None)
    head = ["proxy", f"Spearman ρ {BOUNDS}", "Kendall τ", "Pearson r", "partial ρ given params"]
    head += [f"beats params by {BOUNDS}", f"beats spread by {BOUNDS}", "of ceiling", "p (Holm)"]
    if shown is not None:
        head += [f"precision@{shown}", f"regret@{shown}", f"best rank@{shown}"]
    rows = [
        TableRow((*_card_cells(card), *_at_cells(card, shown)), strong=card.significant)
        for card in report.cards
    ]
    return Table("Report cards", tuple(head), tuple(rows))


def correlation_table(report: StratumReport) -> Table:
    """A row per proxy: what the cards show without an interval, with it."""
    rows = [
        TableRow(
            (
                card.proxy,
                _signed(card.kendall),
                _signed(card.pearson),
                _EQUAL_COST if card.partial is None else _signed(card.partial),
                ABSENT if card.of_ceiling is None else _percent(card.of_ceiling),
            )
        )
        for card in report.cards
    ]
    names = ("Kendall τ", "Pearson r", "partial ρ given params", "of ceiling")
    head = ("proxy", *(f"{name} {BOUNDS}" for name in names))
    return Table("Other correlations, and share of the ceiling", head, tuple(rows))


def at_k_table(report: StratumReport) -> Table:
    """A row per proxy and k, with intervals."""
    rows = [
        TableRow(
            (
                card.proxy,
                str(at.k),
                _decimal(at.precision, 2),
                _decimal(at.regret, 4),
                _decimal(at.best_rank, 1),
            ),
            gap=at is card.at_k[0] and card is not report.cards[0],
        )
        for card in report.cards
        for at in card.at_k
    ]
    head = ("proxy", "k", f"precision@k {BOUNDS}", f"regret@k {BOUNDS}", f"best rank@k {BOUNDS}")
    return Table("At every k", head, tuple(rows))


def ceiling_line(report: StratumReport) -> str:
    """What the stratum stands on and how well a perfect proxy could do there, in a sentence each."""
    lost = f" ({report.failed} more left out since a run failed)" if report.failed else ""
    stands = f"{counted(report.allocations, 'allocation')}, {counted(report.seeds, 'seed')}{lost}."
    if report.ceiling is None:
        why = "it takes two seeds to see the noise" if report.seeds < 2 else "a truth is the same for all"
        return f"{stands} Noise ceiling: {UNDEFINED}, since {why}."
    return (
        f"{stands} Noise ceiling: {decimal(report.ceiling)}, the Spearman that a perfect proxy would reach "
        f"on average (reliability of the mean over seeds: {decimal(report.reliability)})."
    )


def _ks(report: StratumReport) -> list[int]:
    return sorted({at.k for card in report.cards for at in card.at_k})


def _card_cells(card: ReportCard) -> tuple[str, ...]:
    known = card.spearman.value is not None
    return (
        card.proxy,
        _signed(card.spearman),
        signed(card.kendall.value),
        signed(card.pearson.value),
        _EQUAL_COST if card.partial is None else signed(card.partial.value),
        _EQUAL_COST if card.over_params is None else _beats(card.over_params),
        ABSENT if card.over_spread is None else _beats(card.over_spread),
        ABSENT if card.of_ceiling is None else percent(card.of_ceiling.value),
        p_value(card.p_holm) if known else ABSENT,
    )


def _at_cells(card: ReportCard, shown: int | None) -> tuple[str, ...]:
    """precision, regret and best rank at ``shown``; none of them where no card has any k."""
    if shown is None:
        return ()
    at: TopK | None = next((each for each in card.at_k if each.k == shown), None)
    if at is None:
        return (ABSENT,) * 3
    return decimal(at.precision.value), decimal(at.regret.value, 4), decimal(at.best_rank.value, 1)


def _beats(over: Estimate) -> str:
    """The gain over another proxy, with "yes" where its whole interval is above 0."""
    return ("yes, " if over.above_zero else "") + _signed(over)


def _signed(estimate: Estimate) -> str:
    return with_interval(estimate.value, estimate.low, estimate.high)


def _decimal(estimate: Estimate, digits: int) -> str:
    return with_interval(estimate.value, estimate.low, estimate.high, digits, write=decimal)


def _percent(estimate: Estimate) -> str:
    return with_interval(estimate.value, estimate.low, estimate.high, 0, write=percent)
