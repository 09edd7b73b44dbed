"""Progress on stderr: a bar on a terminal, elsewhere a line for each tenth."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tqdm import tqdm

__all__ = ["progress"]

_LINES: Final = 10
_log = logging.getLogger(__name__)


@contextmanager
def progress(title: str, total: int, unit: str, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """What the yielded function moves on by so many units."""
    hidden = quiet or not sys.stderr.isatty()
    with tqdm(total=total, desc=title, unit=unit, file=sys.stderr, disable=hidden) as bar:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            bar.update(count)
            if hidden and total and done * _LINES // total < (done + count) * _LINES // total:
                _log.info("%s: %d of %d %ss", title, done + count, total, unit)
            done += count

        yield advance
