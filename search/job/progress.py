"""How work that takes long tells how far it is: to a bar on a terminal, to a log, or to nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["Progress", "silent"]


class Progress(Protocol):
    """Shows one piece of work while its block runs; the block calls what it is given with what is done since.

    Args:
        title: what is done, one word: ``scoring``.
        total: of how many units.
        unit: one of them: ``batch``.
        units: more than one of them, where that is not the unit and an s.

    >>> with silent("scoring", 2, "batch", units="batches") as advance:
    ...     advance(2)
    """

    def __call__(
        self, title: str, total: int, unit: str, *, units: str | None = None
    ) -> AbstractContextManager[Callable[[int], None]]: ...


@contextmanager
def silent(title: str, total: int, unit: str, *, units: str | None = None) -> Iterator[Callable[[int], None]]:
    """A ``Progress`` that tells nobody."""
    yield lambda _: None
