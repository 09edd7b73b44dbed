"""The tables of contests: allocations against the uniform one, as rows of written cells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from search.show.number_format import ABSENT, decimal, p_value, signed, with_interval
from search.statistics.interval import Interval
from search.study.judging.stratum_report import Contest, StratumReport
from search.study.origin import Origin

from .table import BOUNDS, Table, TableRow

__all__ = ["contest_table", "pick_table"]

_BEST, _WORST = 10, 3


def contest_table(report: StratumReport) -> Table:
    """The ten best and the three worst allocations against the uniform one."""
    places = list(enumerate(report.contests, start=1))
    if len(places) > _BEST + _WORST:
        places = places[:_BEST] + places[-_WORST:]
    after_gap = {later for (earlier, _), (later, _) in pairwise(places) if later > earlier + 1}
    rows = [
        TableRow(
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
        ("place", "drawn by", report.truth_name, f"minus uniform {BOUNDS}", "p (Holm)"),
        tuple(rows),
        words=(1,),
    )


def pick_table(report: StratumReport) -> Table:
    """Every proxy's own pick against the uniform allocation, by name: none chosen by how it did."""
    picks = {
        str(origin): (place, contest)
        for place, contest in enumerate(report.contests, start=1)
        for origin in contest.origins
        if origin.group == "proxy pick"
    }
    rows = [
        TableRow((pick, str(place), _difference(contest.difference), _chance(contest)), strong=contest.won)
        for pick, (place, contest) in sorted(picks.items())
    ]
    return Table(
        "Every proxy's own pick against the uniform allocation",
        ("pick", f"place among {len(report.contests)}", f"minus uniform {BOUNDS}", "p (Holm)"),
        tuple(rows),
    )


def _chance(contest: Contest) -> str:
    return ABSENT if contest.p_holm is None else p_value(contest.p_holm)


def _difference(interval: Interval) -> str:
    return with_interval(interval.mean, interval.low, interval.high, 4)


def _short(origins: Sequence[Origin]) -> str:
    """The first three who drew it, and how many others did."""
    more = len(origins) - 3
    return ", ".join(map(str, origins[:3])) + (f" (+{more} more)" if more > 0 else "")
