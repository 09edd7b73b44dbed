"""One boundary for what other people's code makes of other people's files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import InputError

__all__ = ["foreign"]

_OURS = (InputError, KeyboardInterrupt, SystemExit, GeneratorExit)
_LONGEST = 200  # characters of a reason


@contextmanager
def foreign(what: str, remedy: str) -> Iterator[None]:
    """Whatever is raised inside becomes one InputError: ``what (its type and text); remedy``.

    For code that is not ours at work on values that are not ours: nobody can list what a library raises
    where a size is null, a list or 10^400, down to RecursionError, MemoryError and Rust's panics (which
    derive from BaseException). Nothing carries on, and the cause is kept; so keep our own code out of it,
    whose mistakes would pass for the user's. Our InputErrors and interruptions pass as they are.
    """
    try:
        yield
    except _OURS:
        raise
    except BaseException as error:
        raise InputError(f"{what} ({_reason(error)}); {remedy}") from error


def _reason(error: BaseException) -> str:
    text = " ".join(str(error)[: 10 * _LONGEST].split()).rstrip(".")
    shown = text[:_LONGEST] + ("..." if len(text) > _LONGEST else "")
    shown = shown.replace("`", "'")  # names in backticks are arguments of ours
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__
