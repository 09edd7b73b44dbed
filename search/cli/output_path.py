"""Where a command writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

__all__ = ["RUNS", "claimed_path", "output_path"]

RUNS: Final = "runs"
"""Where runs go whose folder nobody named."""


def output_path(chosen: Path | None) -> Path:
    """The one chosen, or a folder under runs/ that is named by the time and is not there yet."""
    return next(path for path in _names() if not path.exists()) if chosen is None else chosen


@contextmanager
def claimed_path() -> Iterator[Path]:
    """A folder under runs/ that is named by the time, made so that nobody who starts at once gets it too.

    It is removed again at the end where nothing was written. Where it cannot be made, whoever opens it says
    so.
    """
    parent_was_there = Path(RUNS).exists()
    path = next(path for path in _names() if _made(path))
    try:
        yield path
    finally:
        with suppress(OSError):  # something is in it
            path.rmdir()
            if not parent_was_there:
                path.parent.rmdir()


def _made(path: Path) -> bool:
    """False where somebody has it; true as well where nobody can."""
    try:
        path.mkdir(parents=True)
    except OSError:
        return not path.exists()
    return True


def _names() -> Iterator[Path]:
    path = Path(RUNS) / time.strftime("%Y-%m-%d_%H-%M-%S")
    yield path
    for number in count(2):
        yield path.with_name(f"{path.name}-{number}")
