"""A table that is written three ways: as aligned text, as Markdown, and as CSV with the numbers unrounded."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import Final

from evaluators.adapters.markdown import escaped, markdown_table
from search.statistics.interval import Interval
from spaces.printable import printable

from .aligned_text import aligned, wrapped
from .number_format import ABSENT, p_value, with_interval

__all__ = [
    "Column",
    "Table",
    "TableCell",
    "TableRow",
    "Value",
    "count_cell",
    "interval_cell",
    "p_cell",
    "word_cell",
]

Value = str | int | float | bool | None
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the start of one (OWASP)


@dataclass(frozen=True, slots=True)
class Column:
    """What stands over a column.

    title: over the written cells. fields: the names of its values in CSV, a column there for each. words:
    whether it holds names or sentences, which may go on below themselves. right: whether its cells stand on
    the right in text.
    """

    title: str
    fields: tuple[str, ...]
    words: bool = False
    right: bool = False


@dataclass(frozen=True, slots=True)
class TableCell:
    """text: as a person reads it, rounded. values: what was rounded, one for each field of its column."""

    text: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class TableRow:
    """Cells, the first names the row. strong: to be marked. gap: set apart from those before."""

    cells: tuple[TableCell, ...]
    strong: bool = False
    gap: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """The cells as a person reads them."""
        return tuple(cell.text for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and their rows; raises ValueError on a row that does not fit them.

    caption: what it shows; empty where what stands above it says so. name: tells it from others in file
    names.

    >>> columns = Column("proxy", ("proxy",), words=True), Column("rho [95 %]", ("rho", "low", "high"))
    >>> found = TableCell("+0.62 [+0.41, +0.78]", (0.6184, 0.4137, 0.7802))
    >>> table = Table("", columns, (TableRow((word_cell("a|b"), found)),))
    >>> print("\\n".join(table.lines()))
    proxy  rho [95 %]
    a|b    +0.62 [+0.41, +0.78]
    >>> print(table.csv(), end="")
    proxy,rho,low,high
    a|b,0.6184,0.4137,0.7802
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    name: str = ""

    def __post_init__(self) -> None:
        wanted = [len(column.fields) for column in self.columns]
        for row in self.rows:
            given = [len(cell.values) for cell in row.cells]
            if given != wanted:
                raise ValueError(
                    f"{row.texts} has values {given}, its columns fields {wanted}; give one for each."
                )

    @property
    def head(self) -> tuple[str, ...]:
        """What stands over the columns."""
        return tuple(column.title for column in self.columns)

    def lines(self) -> list[str]:
        """The caption, then the table, in lines of at most 80 columns."""
        words, right = (
            {place for place, column in enumerate(self.columns) if getattr(column, side)}
            for side in ("words", "right")
        )
        above = wrapped(self.caption) if self.caption else []
        return [*above, *aligned([self.head, *self._texts()], words=words, right=right)]

    def markdown(self) -> str:
        """A table of GitHub's Markdown under its caption; no name in it is markup."""
        above = f"**{escaped(self.caption)}**\n\n" if self.caption else ""
        return above + markdown_table([self.head, *self._texts()])

    def csv(self) -> str:
        """Values as Python writes them, so that a number is read back as it was; what is not there is empty.

        A text that a spreadsheet would compute begins with an apostrophe, which makes it a text there.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(field for column in self.columns for field in column.fields)
        for row in self.rows:
            writer.writerow(_in_csv(value) for cell in row.cells for value in cell.values)
        return out.getvalue()

    def _texts(self) -> list[tuple[str, ...]]:
        return [row.texts for row in self.rows]


def word_cell(text: str) -> TableCell:
    """A name, which is its own value."""
    return TableCell(text, (text,))


def count_cell(count: int | None) -> TableCell:
    """A number of things, by thousands; a dash for None."""
    return TableCell(ABSENT if count is None else f"{count:,}", (count,))


def interval_cell(interval: Interval | None, digits: int = 4) -> TableCell:
    """A difference with its bounds, three values; a dash for None."""
    if interval is None:
        return TableCell(ABSENT, (None,) * 3)
    text = with_interval(interval.mean, interval.low, interval.high, digits)
    return TableCell(text, (interval.mean, interval.low, interval.high))


def p_cell(probability: float | None) -> TableCell:
    """A probability as ``p_value`` writes it; a dash for None."""
    return TableCell(ABSENT if probability is None else p_value(probability), (probability,))


def _in_csv(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            text = printable(value)
            return f"'{text}" if value.startswith(_FORMULA) else text
        case float():
            return repr(float(value)) if math.isfinite(value) else ""  # NumPy's own repr names its type
        case _:
            return str(value)
