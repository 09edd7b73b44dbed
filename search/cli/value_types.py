"""Values as they are typed: every one is read by one of a few types, which say why where it cannot be."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Final

from spaces.counted import counted
from spaces.printable import printable, quoted

__all__ = ["TYPES", "decimal_value", "decimals", "names", "path", "place", "text_value", "whole_value"]

_LONGEST: Final = 4096  # characters of a value, as of a path on Linux
_LONGEST_NUMBER: Final = 40


def text_value(value: str) -> str:
    """A value of printable characters and blanks; an empty one never stands for a default."""
    if not value.strip():
        raise ArgumentTypeError("is empty; give a value, or leave it out for the default")
    if len(value) > _LONGEST:
        raise ArgumentTypeError(f"{quoted(value)} is too long; give at most {counted(_LONGEST, 'character')}")
    if printable(squeezed := "".join(value.split())) != squeezed:
        raise ArgumentTypeError(f"{quoted(value)} has control characters or halves of characters; drop them")
    return value


def place(value: str) -> str:
    """A path or another name of a place, as typed: any but the empty one, those with a NUL, and those that
    UTF-8 cannot write."""
    if not value:
        raise ArgumentTypeError("is empty; give a path, or leave it out for the default")
    if len(value) > _LONGEST or "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise ArgumentTypeError(
            f"{quoted(value)} can be no path here; give a shorter one, in UTF-8 without NUL"
        )
    return value


def path(value: str) -> Path:
    """The path of a ``place``."""
    return Path(place(value))


def names(value: str) -> tuple[str, ...]:
    """The names of a list with commas; none of an empty one, which options may refuse."""
    return (
        tuple(name.strip() for name in text_value(value).split(",") if name.strip()) if value.strip() else ()
    )


def whole_value(value: str) -> int:
    """A whole number; the settings say which ones."""
    try:
        return int(_short(value))
    except ValueError:
        raise ArgumentTypeError(f"{quoted(value)} is not a whole number, such as 3") from None


def decimal_value(value: str) -> float:
    """A number, also one that is not finite, which the options refuse."""
    try:
        return float(_short(value))
    except ValueError:
        raise ArgumentTypeError(f"{quoted(value)} is not a number, such as 0.5 or 3e-4") from None


def decimals(value: str) -> tuple[float, ...]:
    """The numbers of a list with commas; none of an empty one, which the options refuse."""
    return tuple(decimal_value(one) for one in names(value))


def _short(value: str) -> str:
    """A number as typed; thousands of digits take Python for ever, or are refused by it."""
    if len(value) > _LONGEST_NUMBER:
        raise ValueError("too long")
    return value


TYPES: Final = (text_value, path, place, names, whole_value, decimal_value, decimals)
