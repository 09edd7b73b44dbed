"""Texts of others in Markdown, where they mean nothing but themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from spaces.printable import printable, printable_lines

__all__ = ["escaped", "fenced", "markdown_table"]

_MEANS_SOMETHING: Final = re.compile(r"[\\`*_{}\[\]<>#|~$&!]")


def escaped(text: str) -> str:
    r"""One line of text in which no character is markup.

    >>> print(escaped("a_b|<i>"))
    a\_b\|\<i\>
    """
    return _MEANS_SOMETHING.sub(r"\\\g<0>", printable(text))


def fenced(text: str, language: str) -> str:
    """A block of code; its fence is longer than any within."""
    inside = printable_lines(text.rstrip("\n"))
    longest = max(map(len, re.findall("`+", inside)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{inside}\n{fence}"


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equally many cells, the header first; text is escaped.

    >>> print(markdown_table([("layer", "q"), ("0", "8")]))
    | layer | q |
    |---|---|
    | 0 | 8 |
    """
    lines = [f"| {' | '.join(map(escaped, row))} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])
