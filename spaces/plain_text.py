"""Text that can be shown as it is: without what steers a terminal or turns the line around."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["is_plain", "plain", "shown"]

_STEERING: Final = frozenset(("Cc", "Cs", "Zl", "Zp"))  # controls, halves of characters, ends of lines
_TURNING: Final = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))


def is_plain(text: str) -> bool:
    """Whether every character stands for itself."""
    return not any(map(_steers, text))


def plain(text: str) -> str:
    """The text with ``?`` for each character that does not stand for itself."""
    return "".join("?" if _steers(character) else character for character in text)


def shown(text: str, *, most: int = 60) -> str:
    """The text in quotes and escaped, of a long one its beginning."""
    return repr(plain(text)) if len(text) <= most else f"{plain(text[:most])!r}... ({len(text):,} characters)"


def _steers(character: str) -> bool:
    return unicodedata.category(character) in _STEERING or unicodedata.bidirectional(character) in _TURNING
