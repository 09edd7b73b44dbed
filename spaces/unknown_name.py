"""A name that nothing has, and the one that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final, TypeVar

from .errors import UsageError

__all__ = ["row_named", "unknown_name"]

_Row = TypeVar("_Row")
_ALIKE: Final = 0.7  # from here on a name is thought to be meant


def unknown_name(
    argument: str, given: str, known: Iterable[str], *, more: str = "", behind: Iterable[str] = ()
) -> UsageError:
    """The error to raise where an argument names nothing that there is.

    known: the names that there are. more: what can be written besides, after them. behind: names that there
    are too, which are said only where one of them was probably meant.

    >>> print(unknown_name("methods", "lorra", ["lora", "sora", "full"]))
    `methods='lorra'` is unknown; did you mean lora? Choose from lora, sora, full.
    """
    names = list(known)
    near = get_close_matches(given, [*names, *behind], n=1, cutoff=_ALIKE)
    choose = f"did you mean {near[0]}? Choose" if near else "choose"
    return UsageError(f"`{argument}={given!r}` is unknown; {choose} from {', '.join(names)}{more}.")


def row_named(argument: str, given: str, registry: Mapping[str, _Row]) -> _Row:
    """The row of that name; raises UsageError, by the argument's name, where there is none.

    >>> row_named("shape", "wide", {"wide": 3, "deep": 12})
    3
    """
    if given not in registry:
        raise unknown_name(argument, given, registry)
    return registry[given]
