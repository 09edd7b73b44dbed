"""How work that takes long tells how far it is: to a bar on a terminal, to a log, or to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["Advance", "Progress", "silent"]


class Advance(Protocol):
    """Is told that ``count`` more units are done and, where there is something to say of how they went, what:
    it stands until something else is said."""

    def __call__(self, count: int, note: str = "", /) -> None: ...


class Progress(Protocol):
    """Shows one piece of work while its block runs; the block calls what it is given with what is done since.

    Args:
        title: what is done, one word: ``scoring``.
        total: of how many units.
        unit: one of them: ``batch``.
        units: more than one of them, where that is not the unit and an s.

    >>> with silent("scoring", 2, "batch", units="batches") as advance:
    ...     advance(2, "best loss 0.4321")
    """

    def __call__(
        self, title: str, total: int, unit: str, *, units: str | None = None
    ) -> AbstractContextManager[Advance]: ...


@contextmanager
def silent(title: str, total: int, unit: str, *, units: str | None = None) -> Iterator[Advance]:
    """A ``Progress`` that tells nobody."""
    yield lambda _, note="": None
