"""The one boundary for JSON that others wrote: a value of the shape asked for, or one line that says why not.

A shape is a function that takes what was parsed, and where it stands, and gives it back typed:

    shape = fields(base=text, ranks=object_of(whole_number(1, 10_000)), note=optional(text))
    record = read_json(Path("record.json"), shape, remedy="save it again")

Nothing a file may hold gets past it as another exception: bytes that are no text, JSON nested too deep,
numbers of 5,000 digits, 1e400, NaN, null or a list where an object should be.
"""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from .errors import InputError
from .foreign import foreign

__all__ = [
    "Shape",
    "anything",
    "boolean",
    "fields",
    "list_of",
    "number",
    "object_of",
    "one_of",
    "optional",
    "parse_json",
    "positive",
    "read_json",
    "text",
    "whole_number",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Shape(Protocol[T_co]):
    """What a value must be. where: its place in the file, ``params.wires``; empty for the whole."""

    def __call__(self, value: object, where: str, /) -> T_co: ...


class _UnexpectedError(ValueError):
    def __init__(self, where: str, expected: str, value: object) -> None:
        super().__init__(f"{where or 'the whole'} must be {expected}, not {reprlib.repr(value)}")


def read_json(file: Path, shape: Shape[T], *, remedy: str) -> T:
    """What a file holds; raises InputError that names it, what was expected and where, and the remedy."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror or error}); {remedy}.") from None
    return parse_json(content, shape, source=str(file), remedy=remedy)


def parse_json(content: bytes | str, shape: Shape[T], *, source: str, remedy: str) -> T:
    """What a text holds, as ``read_json`` of a file.

    Args:
        content: JSON.
        shape: what it must be.
        source: its name in errors.
        remedy: what an error says to do.
    """
    with foreign(f"{source} cannot be read", f"{remedy}."):
        value = json.loads(content)
    try:
        return shape(value, "")
    except _UnexpectedError as error:
        raise InputError(f"{source}: {error}; {remedy}.") from None


def anything(value: object, _where: str) -> object:
    """Any value."""
    return value


def text(value: object, where: str) -> str:
    """A string of any characters, also such as no terminal or file takes."""
    if not isinstance(value, str):
        raise _UnexpectedError(where, "a string", value)
    return value


def boolean(value: object, where: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise _UnexpectedError(where, "true or false", value)
    return value


def whole_number(low: int, high: int) -> Shape[int]:
    """A whole number from low to high."""

    def shape(value: object, where: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _UnexpectedError(where, f"a whole number from {low:,} to {high:,}", value)
        return value

    return shape


def number(value: object, where: str) -> float:
    """A finite number."""
    finite = isinstance(value, float) and math.isfinite(value)
    if isinstance(value, int) and not isinstance(value, bool):
        finite = abs(value) < 10**300  # what a float can hold; math.isfinite fails on 10^400
    if not finite:
        raise _UnexpectedError(where, "a finite number", value)
    return float(value)  # type: ignore[arg-type]


def positive(value: object, where: str) -> float:
    """A finite number above 0."""
    given = number(value, where)
    if given <= 0:
        raise _UnexpectedError(where, "above 0", value)
    return given


def one_of(*choices: str) -> Shape[str]:
    """One of these strings."""

    def shape(value: object, where: str) -> str:
        if not isinstance(value, str) or value not in choices:
            raise _UnexpectedError(where, f"one of {list(choices)}", value)
        return value

    return shape


def optional(inner: Shape[T]) -> Shape[T | None]:
    """A value that may be null or, as a field, missing: None."""

    def shape(value: object, where: str) -> T | None:
        return None if value is None else inner(value, where)

    return shape


def list_of(inner: Shape[T]) -> Shape[tuple[T, ...]]:
    """A list of like values."""

    def shape(value: object, where: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise _UnexpectedError(where, "a list", value)
        return tuple(inner(one, f"{where}[{i}]") for i, one in enumerate(value))

    return shape


def object_of(inner: Shape[T]) -> Shape[dict[str, T]]:
    """An object of like values under any names."""

    def shape(value: object, where: str) -> dict[str, T]:
        return {name: inner(one, _inside(where, name)) for name, one in _object(value, where).items()}

    return shape


def fields(**shapes: Shape[Any]) -> Shape[dict[str, Any]]:
    """An object with these fields; others in it are left out. A missing one is null to its shape."""

    def shape(value: object, where: str) -> dict[str, Any]:
        given = _object(value, where)
        return {name: inner(given.get(name), _inside(where, name)) for name, inner in shapes.items()}

    return shape


def _object(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _UnexpectedError(where, "an object", value)
    return value


def _inside(where: str, name: str) -> str:
    plain = name.isidentifier()
    return (f"{where}.{name}" if where else name) if plain else f"{where}[{reprlib.repr(name)}]"
