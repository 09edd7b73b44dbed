"""One boundary for what other people's code makes of other people's files."""

from __future__ import annotations

import sys
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
    whose mistakes would pass for the user's. Our InputErrors and interruptions pass as they are, and so does
    torch.OutOfMemoryError: that a GPU is too small is no fault of a file.
    """
    try:
        yield
    except _OURS:
        raise
    except BaseException as error:
        if _is_a_gpu_s(error):
            raise
        raise InputError(f"{what} ({_reason(error)}); {remedy}") from error


def _is_a_gpu_s(error: BaseException) -> bool:
    """Whether the memory of a GPU ran out; PyTorch is not imported to tell that."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(error, torch.OutOfMemoryError)


def _reason(error: BaseException) -> str:
    text = " ".join(str(error)[: 10 * _LONGEST].split()).rstrip(".")
    shown = text[:_LONGEST] + ("..." if len(text) > _LONGEST else "")
    shown = shown.replace("`", "'")  # names in backticks are arguments of ours
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__
