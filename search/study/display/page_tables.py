"""The tables of a study's page: report cards, contests and costs as rows of written cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from search.show.number_format import (
    ABSENT,
    UNDEFINED,
    decimal,
    memory,
    p_value,
    percent,
    seconds,
    signed,
    with_interval,
)
from search.statistics.interval import Interval
from search.study.judging.report_card import AtK, Card, Contest, Estimate, StratumReport
from spaces.counted import counted

from .truth_names import truth_name

__all__ = [
    "Cost",
    "Row",
    "Table",
    "at_k_table",
    "card_table",
    "ceiling_line",
    "contest_table",
    "correlation_table",
    "cost_table",
    "pick_table",
]

_PICKERS = ("/greedy", "/exact")  # how the origin of a proxy's own pick ends
_BOUNDS = "[95\u00a0%]"  # not to be broken over two lines
_EQUAL_COST = "equal cost"
_USUAL_K = 5
_BEST, _WORST = 10, 3


@dataclass(frozen=True, slots=True)
class Cost:
    """What scoring with one proxy took; None where it was not measured.

    seconds: of wall-clock time. share_of_epoch: of one fine-tuning epoch's time, 1 is all of it.
    peak_memory: bytes.
    """

    proxy: str
    seconds: float | None
    share_of_epoch: float | None
    peak_memory: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """Written cells, the first names the row. strong: to be marked. gap: set apart from those before."""

    cells: tuple[str, ...]
    strong: bool = False
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A head and its rows, all of the same length; ``words`` says which columns are not numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    words: tuple[int, ...] = (0,)


def card_table(report: StratumReport) -> Table:
    """A row per proxy with what matters most, at the one k nearest to 5."""
    shown = min(_ks(report), key=lambda k: abs(k - _USUAL_K), default=None)
    head = ["proxy", f"Spearman ρ {_BOUNDS}", "Kendall τ", "Pearson r", "partial ρ given params"]
    head += [f"beats params by {_BOUNDS}", f"beats spread by {_BOUNDS}", "of ceiling", "p (Holm)"]
    if shown is not None:
        head += [f"precision@{shown}", f"regret@{shown}", f"best rank@{shown}"]
    rows = [
        Row((*_card_cells(card), *_at_cells(card, shown)), strong=card.significant) for card in report.cards
    ]
    return Table("Report cards", tuple(head), tuple(rows))


def correlation_table(report: StratumReport) -> Table:
    """A row per proxy: what the cards show without an interval, with it."""
    rows = [
        Row(
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
    head = ("proxy", *(f"{name} {_BOUNDS}" for name in names))
    return Table("Other correlations, and share of the ceiling", head, tuple(rows))


def at_k_table(report: StratumReport) -> Table:
    """A row per proxy and k, with intervals."""
    rows = [
        Row(
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
    head = ("proxy", "k", f"precision@k {_BOUNDS}", f"regret@k {_BOUNDS}", f"best rank@k {_BOUNDS}")
    return Table("At every k", head, tuple(rows))


def contest_table(report: StratumReport) -> Table:
    """The ten best and the three worst allocations against the uniform one."""
    places = list(enumerate(report.contests, start=1))
    if len(places) > _BEST + _WORST:
        places = places[:_BEST] + places[-_WORST:]
    after_gap = {later for (earlier, _), (later, _) in pairwise(places) if later > earlier + 1}
    rows = [
        Row(
            (
                str(place),
                _short(contest.origins),
                signed(contest.truth, 4) if report.truth == "loss" else decimal(contest.truth, 4),
                _difference(contest.difference),
                _chance(contest),
            ),
            strong=contest.won,
            gap=place in after_gap,
        )
        for place, contest in places
    ]
    caption = f"Against the uniform allocation: best and worst of {len(report.contests)}"
    return Table(
        caption,
        ("place", "drawn by", truth_name(report), f"minus uniform {_BOUNDS}", "p (Holm)"),
        tuple(rows),
        words=(1,),
    )


def pick_table(report: StratumReport) -> Table:
    """Every proxy's own pick against the uniform allocation, by name: none chosen by how it did."""
    picks = {
        origin: (place, contest)
        for place, contest in enumerate(report.contests, start=1)
        for origin in contest.origins
        if origin.endswith(_PICKERS)
    }
    rows = [
        Row((origin, str(place), _difference(contest.difference), _chance(contest)), strong=contest.won)
        for origin, (place, contest) in sorted(picks.items())
    ]
    return Table(
        "Every proxy's own pick against the uniform allocation",
        ("pick", f"place among {len(report.contests)}", f"minus uniform {_BOUNDS}", "p (Holm)"),
        tuple(rows),
    )


def cost_table(costs: Sequence[Cost]) -> Table:
    """A row per proxy: time, share of one epoch, memory."""
    rows = [
        Row(
            (
                cost.proxy,
                ABSENT if cost.seconds is None else seconds(cost.seconds),
                ABSENT if cost.share_of_epoch is None else percent(cost.share_of_epoch, 1),
                ABSENT if cost.peak_memory is None else memory(cost.peak_memory),
            )
        )
        for cost in costs
    ]
    return Table("Cost of scoring", ("proxy", "time", "of one epoch", "peak memory"), tuple(rows))


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


def _card_cells(card: Card) -> tuple[str, ...]:
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


def _at_cells(card: Card, shown: int | None) -> tuple[str, ...]:
    """precision, regret and best rank at ``shown``; none of them where no card has any k."""
    if shown is None:
        return ()
    at: AtK | None = next((each for each in card.at_k if each.k == shown), None)
    if at is None:
        return (ABSENT,) * 3
    return decimal(at.precision.value), decimal(at.regret.value, 4), decimal(at.best_rank.value, 1)


def _beats(over: Estimate) -> str:
    """The gain over another proxy, with "yes" where its whole interval is above 0."""
    yes = over.low is not None and over.low > 0
    return ("yes, " if yes else "") + _signed(over)


def _signed(estimate: Estimate) -> str:
    return with_interval(estimate.value, estimate.low, estimate.high)


def _decimal(estimate: Estimate, digits: int) -> str:
    return with_interval(estimate.value, estimate.low, estimate.high, digits, write=decimal)


def _percent(estimate: Estimate) -> str:
    return with_interval(estimate.value, estimate.low, estimate.high, 0, write=percent)


def _chance(contest: Contest) -> str:
    return ABSENT if contest.p_holm is None else p_value(contest.p_holm)


def _difference(interval: Interval) -> str:
    return with_interval(interval.mean, interval.low, interval.high, 4)


def _short(origins: Sequence[str]) -> str:
    """The first three who drew it, and how many others did."""
    more = len(origins) - 3
    return ", ".join(origins[:3]) + (f" (+{more} more)" if more > 0 else "")
