"""One entry of a corpus' file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["CorpusEntry", "text_in"]

CorpusEntry = Mapping[str, Any]
"""A row of a table by its columns, or an object of a JSON document."""


def text_in(entry: CorpusEntry, name: str) -> str:
    """A text of an entry; raises ValueError on anything else, which would be written into a prompt as "None".

    >>> text_in({"question": "is it so", "passage": None}, "passage")
    Traceback (most recent call last):
    ValueError: passage is None, and no text
    """
    value = entry[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is {value!r}, and no text")
    return value
