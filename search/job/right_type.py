"""Whether a value is of the type that its field declares: Python itself does not look."""

from __future__ import annotations

import os
import reprlib
import types
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

from spaces.errors import UsageError
from spaces.is_whole import is_whole
from spaces.printable import printable

__all__ = ["check_type", "path_of", "several"]

_WORDS: Final[Mapping[object, str]] = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    tuple[str, ...]: "texts",
    tuple[float, ...]: "numbers",
}


def check_type(name: str, value: object, hint: object) -> None:
    """Raises UsageError, by the argument's name, on a value that is not of the type that a hint says.

    hint: one of those that settings have, ``int``, ``tuple[str, ...]`` or a Literal, or such a one or None.
    Numbers of NumPy are numbers; True and False are none.
    """
    kinds = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    if any(_is_of(value, kind) for kind in kinds):
        return
    (kind,) = (kind for kind in kinds if kind is not type(None))
    if get_origin(kind) is Literal and isinstance(value, str):
        raise UsageError(
            f"`{name}={printable(value)}` is unknown; choose one of {', '.join(get_args(kind))}."
        )
    wanted = "text" if get_origin(kind) is Literal else _WORDS[kind]
    raise UsageError(f"`{name}={printable(reprlib.repr(value))}` must be {wanted}.")


def path_of(name: str, given: str | os.PathLike[str]) -> Path:
    """The path of a name; raises UsageError, by the argument's name, on what is none."""
    if not isinstance(given, (str, os.PathLike)):
        raise UsageError(f"`{name}` is a {type(given).__name__}; give a path.")
    return Path(given)


def several(given: Any) -> tuple[Any, ...] | Any:
    """A lone text as a tuple of one, anything else that holds values as their tuple; the rest as it is.

    >>> several("snip"), several(["snip", "gps"]), several(None)
    (('snip',), ('snip', 'gps'), None)
    """
    if isinstance(given, str):
        return (given,)
    return tuple(given) if hasattr(given, "__iter__") else given


def _is_of(value: object, kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_is_of(one, get_args(kind)[0]) for one in value)
    if kind is int:
        return is_whole(value)
    if kind is float:
        return isinstance(value, Real) and not isinstance(value, bool)
    return isinstance(value, kind)
