"""A table of a page: written cells under a head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["BOUNDS", "Table", "TableRow"]

BOUNDS: Final = "[95\u00a0%]"
"""What a head says of a column with intervals; not to be broken over two lines."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """Written cells, the first names the row. strong: to be marked. gap: set apart from those before."""

    cells: tuple[str, ...]
    strong: bool = False
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A head and its rows, all of the same length; ``words`` says which columns are not numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[TableRow, ...]
    words: tuple[int, ...] = (0,)
