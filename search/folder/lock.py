"""One process at a time works in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from spaces.errors import InputError, UsageError

__all__ = ["LOCK", "locked"]

LOCK: Final = ".lock"
"""Its file. Removed by who holds it alone: who locks an unlinked one holds nothing."""
_PATIENCE_S: Final = 0.2  # in which such a one tries again


@contextmanager
def locked(folder: Path, *, another: str) -> Iterator[None]:
    """Holds the lock of a folder that exists.

    Raises UsageError where another process is at work in it, and InputError where its file system knows no
    locks. another: what to do then.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=_PATIENCE_S, poll_interval=_PATIENCE_S / 4)
    except Timeout:
        raise UsageError(f"{folder} is in use by another run; {another}.") from None
    except OSError as error:
        if error.filename is not None:  # the file cannot be opened
            raise
        raise InputError(
            f"{folder} cannot be locked ({error}), as its file system knows no locks; {another} elsewhere."
        ) from None
    try:
        yield
    finally:
        lock.release()
