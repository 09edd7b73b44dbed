"""What a frozen value is, in words that stay the same while the program around it grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from types import MappingProxyType
from typing import Any, Final

__all__ = ["described", "not_before"]

_BEFORE: Final = "before"


def not_before(value: object) -> Mapping[str, object]:
    """The metadata of a field that a dataclass did not always have; ``value``: what was done without it.

    >>> from dataclasses import dataclass, field
    >>> @dataclass(frozen=True)
    ... class Policy:
    ...     strength: float = 0.5
    ...     decay: float = field(default=0.0, metadata=not_before(0.0))
    >>> described(Policy())  # as it was before there was a decay
    {'Policy': {'strength': 0.5}}
    >>> described(Policy(decay=0.1))
    {'Policy': {'strength': 0.5, 'decay': 0.1}}
    """
    return MappingProxyType({_BEFORE: value})


def described(value: object) -> object:
    """JSON of a value that decides what training gives: of a dataclass its name and all its fields.

    A field that is left at what was done before it existed (``not_before``) is left out, so that a new field
    says nothing new of older results. All others are written out, defaults too, so that results under a
    default that has changed since are not taken for those under the new one. 5 and 5.0 are the same.
    Raises TypeError on anything but dataclasses, sequences, mappings, numbers, texts and None.
    """
    if is_dataclass(value) and not isinstance(value, type):
        own = {one.name: getattr(value, one.name) for one in fields(value)}
        kept = {one.name: described(own[one.name]) for one in fields(value) if not _as_before(one, own)}
        return {type(value).__name__: kept}
    if isinstance(value, Mapping):
        return {str(name): described(one) for name, one in value.items()}
    if isinstance(value, str | bool | int | None):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Sequence):
        return [described(one) for one in value]
    raise TypeError(
        f"a {type(value).__name__} cannot be told from others when results are kept; make it a frozen "
        "dataclass of numbers and texts."
    )


def _as_before(one: Field[Any], own: Mapping[str, object]) -> bool:
    return _BEFORE in one.metadata and bool(own[one.name] == one.metadata[_BEFORE])
