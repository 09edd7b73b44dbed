"""The tables of contests: allocations against the uniform one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from search.show.number_format import decimal, signed
from search.show.table import (
    Column,
    Table,
    TableCell,
    TableRow,
    count_cell,
    interval_cell,
    p_cell,
    word_cell,
)
from search.study.judging.stratum_report import Contest, StratumReport
from search.study.origin import Origin

from .estimate_cells import BOUNDS, fields_of

__all__ = ["contest_table", "every_contest", "pick_table"]

_BEST, _WORST = 10, 3
_AGAINST: Final = (
    Column(f"minus uniform {BOUNDS}", fields_of("minus_uniform")),
    Column("p (Holm)", ("p_holm",)),
)
_Placed = tuple[int, Contest]
"""A contest and its place, 1 being the best."""


def contest_table(report: StratumReport) -> Table:
    """The ten best and the three worst allocations against the uniform one."""
    placed = list(enumerate(report.contests, start=1))
    if len(placed) > _BEST + _WORST:
        placed = placed[:_BEST] + placed[-_WORST:]
    return _table(report, f"Against the uniform allocation: best and worst of {len(report.contests)}", placed)


def every_contest(report: StratumReport) -> Table:
    """All of them, for a file."""
    return _table(report, "Against the uniform allocation", list(enumerate(report.contests, start=1)))


def pick_table(report: StratumReport) -> Table:
    """Every proxy's own pick against the uniform allocation, by name: none chosen by how it did."""
    picks = {
        str(origin): (place, contest)
        for place, contest in enumerate(report.contests, start=1)
        for origin in contest.origins
        if origin.group == "proxy pick"
    }
    columns = (
        Column("pick", ("pick",), words=True),
        Column(f"place among {len(report.contests)}", ("place",)),
        *_AGAINST,
    )
    rows = [
        TableRow((word_cell(pick), count_cell(place), *_against(contest)), strong=contest.won)
        for pick, (place, contest) in sorted(picks.items())
    ]
    caption = "Every proxy's own pick against the uniform allocation"
    return Table(caption, columns, tuple(rows), name="picks")


def _table(report: StratumReport, caption: str, placed: Sequence[_Placed]) -> Table:
    columns = (
        Column("place", ("place",)),
        Column("drawn by", ("drawn_by",), words=True),
        Column(report.truth_name, ("truth",)),
        *_AGAINST,
    )
    write = signed if report.truth == "loss" else decimal
    after_gap = {later for (earlier, _), (later, _) in pairwise(placed) if later > earlier + 1}
    rows = [
        TableRow(
            (
                count_cell(place),
                TableCell(_short(contest.origins), (", ".join(map(str, contest.origins)),)),
                TableCell(write(contest.truth, 4), (contest.truth,)),
                *_against(contest),
            ),
            strong=contest.won,
            gap=place in after_gap,
        )
        for place, contest in placed
    ]
    return Table(caption, columns, tuple(rows), name="contests")


def _against(contest: Contest) -> Iterable[TableCell]:
    """The cells under ``_AGAINST``."""
    yield interval_cell(contest.difference.interval)
    yield p_cell(contest.difference.p_holm)


def _short(origins: Sequence[Origin]) -> str:
    """The first three who drew it, and how many others did."""
    more = len(origins) - 3
    return ", ".join(map(str, origins[:3])) + (f" (+{more} more)" if more > 0 else "")
