"""A setting that a person can choose: declared once, as a dataclass field, of which commands make a flag."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Final, get_type_hints

from spaces.errors import UsageError
from spaces.printable import printable

from .right_type import check_type

__all__ = [
    "Option",
    "Range",
    "check_number",
    "check_settings",
    "check_whole",
    "option",
    "options_of",
    "same_option",
    "settings_by_name",
]

_KEY: Final = "option"


@dataclass(frozen=True, slots=True)
class Range:
    """From ``least`` to ``most``; exclusive: without ``least`` itself.

    The upper bounds keep a slip of the hand from asking for years of work, all memory, or a number that
    float32 cannot hold.
    """

    least: float
    most: float
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """What a setting is besides its name, type and default, which its field has.

    help: one sentence without markup. metavar: what stands for its value in a usage line. between: numbers
    that it may be. default_text: what its default amounts to, where the field's own says nothing (None).
    flag: how it is typed, where that is not the field's name; without dashes it is a word of its own, which
    need not be there. rare: shown behind the everyday ones.
    file: a str that is a path or the name of a place, as typed. empty: whether a list may have nothing in it.
    repeats: whether a list may have the same in it twice.
    known: registries whose names the help lists behind the sentence, ``module:NAME`` of a dict literal each,
    so that no name is written twice and none is imported to be shown; or a name that is in none. among:
    whether it takes these names alone, and what is built of them with ``:`` and ``+``; whole: nothing that is
    built. behind: registries whose names it takes too, of which the help is silent. every: a word that stands
    for all of these names.
    place_only: of where and how work is done, so that it decides no result.
    """

    help: str
    metavar: str | None = None
    between: Range | None = None
    default_text: str | None = None
    flag: str | None = None
    rare: bool = False
    file: bool = False
    empty: bool = False
    repeats: bool = False
    known: tuple[str, ...] = ()
    among: bool = False
    whole: bool = False
    behind: tuple[str, ...] = ()
    every: str | None = None
    place_only: bool = False


def option(default: Any, help: str, **more: Any) -> Any:
    """A dataclass field that a command can be told. more: as ``Option`` has them.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Training:
    ...     seeds: int = option(3, "fine-tuning runs of each allocation", between=Range(1, 10_000))
    >>> [(one.name, one.default, about.help) for one, about in options_of(Training)]
    [('seeds', 3, 'fine-tuning runs of each allocation')]
    """
    return field(default=default, metadata={_KEY: Option(help, **more)})


def same_option(settings: type, name: str, *, default: Any = MISSING) -> Any:
    """A field that is declared elsewhere, in the class that ``settings`` is, for a command that takes no more
    of it. default: where the command has one of its own."""
    one = next(own for own in fields(settings) if own.name == name)
    return field(default=one.default if default is MISSING else default, metadata=one.metadata)


def options_of(settings: Any) -> Iterator[tuple[Field[Any], Option]]:
    """The fields of a settings class, or of one of its values, that were declared by ``option``, in order."""
    for one in fields(settings):
        if _KEY in one.metadata:
            yield one, one.metadata[_KEY]


def settings_by_name(settings: Any) -> dict[str, object]:
    """Every setting of a value, defaults and all."""
    return {one.name: getattr(settings, one.name) for one, _ in options_of(settings)}


def check_settings(settings: Any) -> None:
    """Raises UsageError on the first value that its option cannot take; to be called by ``__post_init__``.

    The message names the argument, in backticks: a command says the flag in its place.
    """
    hints = get_type_hints(type(settings))
    for one, about in options_of(settings):
        value = getattr(settings, one.name)
        check_type(one.name, value, hints[one.name])
        if about.between is not None and value is not None:
            for number in value if isinstance(value, tuple) else (value,):
                check_number(one.name, number, about.between)
        if isinstance(value, tuple) and not value and not about.empty:
            raise UsageError(f"`{one.name}` names nothing; name at least one, or leave `{one.name}` out.")
        if isinstance(value, tuple) and not about.repeats:
            _check_each_once(one.name, value)


def _check_each_once(name: str, values: tuple[object, ...]) -> None:
    """Raises UsageError on a list with repeats: equal ones, however they are written."""
    twice = next((one for place, one in enumerate(values) if one in values[:place]), None)
    if twice is not None:
        raise UsageError(f"`{name}` has {printable(str(twice))} more than once; name each once.")


def check_whole(name: str, value: int, between: Range) -> None:
    """Raises UsageError, by the argument's name, on anything but a whole number between these."""
    check_type(name, value, int)
    check_number(name, value, between)


def check_number(name: str, value: float, between: Range) -> None:
    """Raises UsageError, by the argument's name, on a number that is not between these."""
    given = f"`{name}={value}`"
    if not math.isfinite(value):
        raise UsageError(f"{given} must be a finite number.")
    if between.exclusive and value <= between.least:
        raise UsageError(f"{given} must be above {between.least:g}.")
    if value < between.least:
        raise UsageError(f"{given} must be at least {between.least:g}.")
    if value > between.most:
        raise UsageError(f"{given} must be at most {between.most:,.10g}.")
