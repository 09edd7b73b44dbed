"""Names of others made fit to be shown: on a terminal, in a log, in a picture."""

from __future__ import annotations

import io
import logging
import sys
import unicodedata
from collections.abc import Sequence
from typing import Final

from .counted import counted

__all__ = [
    "PrintableFormatter",
    "printable",
    "printable_lines",
    "quoted",
    "quoted_names",
    "shortened",
    "show",
]

_DIRECTIONS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder what stands around them (Unicode Standard Annex 9), so that a line lies."""
_UNSEEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control, half a pair, line and paragraph separators


def printable(text: str) -> str:
    r"""The text in one line, with escapes such as ``\x1b`` for whatever would move, colour or reorder it.

    Letters of all scripts stay as they are; halves of surrogate pairs, which no terminal can be sent, do not.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(c) if _is_unseen(c) else c for c in text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines, which stay apart."""
    return "\n".join(map(printable, text.split("\n")))


def shortened(text: str, width: int) -> str:
    """At most ``width`` characters: the beginning and the end, which tell names apart, around three dots."""
    if len(text) <= width:
        return text
    tail = (width - 3) // 2
    return f"{text[: width - 3 - tail]}...{text[len(text) - tail :]}"


def quoted(text: str, *, most: int = 60) -> str:
    """The text ``printable`` and in quotes, of a long one its beginning and how long it is."""
    if len(text) <= most:
        return f"'{printable(text)}'"
    return f"'{printable(text[:most])}'... ({counted(len(text), 'character')})"


def show(text: str) -> None:
    """Prints ``printable_lines`` on stdout; letters that its encoding lacks become escapes too."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    print(printable_lines(text), flush=True)


class PrintableFormatter(logging.Formatter):
    """A log record as ``printable_lines``."""

    def format(self, record: logging.LogRecord) -> str:
        return printable_lines(super().format(record))


def _is_unseen(character: str) -> bool:
    return character in _DIRECTIONS or unicodedata.category(character) in _UNSEEN


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def quoted_names(names: Sequence[str]) -> str:
    """The first ten, as a message names them.

    >>> quoted_names(["no", "yes"]), quoted_names("abcdefghijkl")[-8:]
    ("'no', 'yes'", "'j', ...")
    """
    return ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
