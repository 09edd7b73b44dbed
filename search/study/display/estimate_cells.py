"""Estimates as cells of a table: rounded for a person, whole for a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from search.show.number_format import ABSENT, p_value, percent, signed, with_interval
from search.show.table import TableCell
from search.study.judging.report_card import Estimate, ReportCard

__all__ = ["BOUNDS", "chance_cell", "estimate_cell", "fields_of", "plain_cell", "share_cell"]

BOUNDS: Final = "[95\u00a0%]"
"""What a head says of a column with intervals; not to be broken over two lines."""

_Write = Callable[[float | None, int], str]


def fields_of(name: str) -> tuple[str, str, str]:
    """What an estimate with its bounds is called in CSV.

    >>> fields_of("rho")
    ('rho', 'rho_low', 'rho_high')
    """
    return name, f"{name}_low", f"{name}_high"


def estimate_cell(
    estimate: Estimate | None,
    digits: int = 2,
    *,
    write: _Write = signed,
    absent: str = ABSENT,
    before: str = "",
) -> TableCell:
    """With its bounds, three values. write: ``signed``, ``decimal`` or ``percent``. absent: what stands for
    None. before: a word before it."""
    if estimate is None:
        return TableCell(absent, (None,) * 3)
    value, low, high = estimate.value, estimate.low, estimate.high
    return TableCell(before + with_interval(value, low, high, digits, write=write), (value, low, high))


def plain_cell(
    estimate: Estimate | None, digits: int = 2, *, write: _Write = signed, absent: str = ABSENT
) -> TableCell:
    """Without its bounds, one value."""
    value = None if estimate is None else estimate.value
    return TableCell(absent if estimate is None else write(value, digits), (value,))


def share_cell(estimate: Estimate | None) -> TableCell:
    """In per cent, without its bounds; a dash for None."""
    return plain_cell(estimate, 0, write=percent)


def chance_cell(card: ReportCard) -> TableCell:
    """The corrected p of its correlation; a dash where there is none."""
    if card.spearman.value is None:
        return TableCell(ABSENT, (None,))
    return TableCell(p_value(card.p_holm), (card.p_holm,))
