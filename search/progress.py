"""Progress bars on stderr; none where it is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

__all__ = ["progress"]


@contextmanager
def progress(title: str, total: int, unit: str, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar that the yielded function moves on by so many units."""
    hidden = quiet or not sys.stderr.isatty()
    with tqdm(total=total, desc=title, unit=unit, file=sys.stderr, disable=hidden) as bar:

        def advance(count: int) -> None:
            bar.update(count)

        yield advance
