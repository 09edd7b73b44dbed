"""Rows of cells as columns of equal width, the way every table on stdout is printed."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest
from typing import Final

from spaces.printable import printable

__all__ = ["WIDTH", "aligned", "wrapped"]

WIDTH: Final = 80
_GAP: Final = "  "
_LEAST: Final = 14  # columns that a cell of words keeps at least
_AFTER_MARKS: Final = re.compile(r"(?<=[\s/,;:|@])|(?<=\+)(?=\D)")  # where a name may be cut


def aligned(
    rows: Sequence[tuple[str, ...]],
    *,
    words: Collection[int] = (0,),
    right: Collection[int] = (),
    width: int = WIDTH,
) -> list[str]:
    """The rows as lines of at most ``width`` columns, two spaces between cells.

    words: the places of names and sentences; where the lines would be too long these cells go on below
    themselves. Where that is not enough, the columns that do not fit follow as a table of their own, after
    an empty line, under the first column again. right: the places of cells that stand on the right.
    """
    shown = [tuple(map(printable, row)) for row in rows]
    natural = [max(map(_columns, column)) for column in zip(*shown, strict=True)]
    lines: list[str] = []
    for block in _blocks(natural, words, width):
        own = [natural[i] for i in block]
        widths = _narrowed(own, [n for n, i in enumerate(block) if i in words], width)
        sides = [i in right for i in block]
        lines += [""] if lines else []
        for row in shown:
            lines += _lines([row[i] for i in block], widths, sides)
    return lines


def wrapped(text: str, *, indent: int = 2, width: int = WIDTH) -> list[str]:
    """A sentence as lines of at most ``width`` columns, all but the first indented; a word that is longer,
    such as a path, stays whole."""
    lines = textwrap.wrap(
        printable(text),
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [""]


def _blocks(natural: Sequence[int], words: Collection[int], width: int) -> list[list[int]]:
    """The columns that stand together, the first one in each."""
    least = [min(own, _LEAST) if i in words else own for i, own in enumerate(natural)]
    blocks = [[0]]
    for i in range(1, len(natural)):
        if len(blocks[-1]) > 1 and _total([least[j] for j in (*blocks[-1], i)]) > width:
            blocks.append([0])
        blocks[-1].append(i)
    return blocks


def _narrowed(natural: Sequence[int], words: Sequence[int], width: int) -> list[int]:
    """Widths that fit: the widest column of words gives first; the widest of all once those are at least."""
    widths = list(natural)
    while _total(widths) > width:
        wide = [i for i in words if widths[i] > _LEAST] or range(len(widths))
        widths[max(wide, key=lambda i: widths[i])] -= 1
    return widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _lines(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    pieces = [_cut(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for parts in zip_longest(*pieces, fillvalue=""):
        padded = (
            f"{' ' * (width - _columns(part))}{part}" if side else f"{part}{' ' * (width - _columns(part))}"
            for part, width, side in zip(parts, widths, right, strict=True)
        )
        yield _GAP.join(padded).rstrip()


def _cut(cell: str, width: int) -> list[str]:
    """The cell as lines of at most ``width``, cut after a mark where there is one, else anywhere."""
    lines = [""]
    for piece in _AFTER_MARKS.split(cell):
        if _columns(lines[-1] + piece.rstrip()) > width and lines[-1]:
            lines.append("")
        for character in piece:
            if _columns(lines[-1] + character) > width and not character.isspace():
                lines.append("")
            lines[-1] += character
    return [line.rstrip() for line in lines]


def _columns(text: str) -> int:
    """How many columns of a terminal it takes: two for East Asian wide letters, none for joined marks."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
