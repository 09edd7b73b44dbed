"""Progress on stderr: a bar on a terminal, elsewhere a line at the start and for each tenth."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tqdm import tqdm

from spaces.counted import counted

__all__ = ["progress"]

_LINES: Final = 10
_log = logging.getLogger(__name__)


@contextmanager
def progress(
    title: str, total: int, unit: str, *, units: str | None = None, quiet: bool
) -> Iterator[Callable[[int], None]]:
    """What the yielded function moves on by so many units. units: more than one unit, as in ``counted``."""
    hidden = quiet or not sys.stderr.isatty()
    whole = counted(total, unit, units)
    if hidden and total:
        _log.info("%s: 0 of %s", title, whole)
    with tqdm(total=total, desc=title, unit=unit, file=sys.stderr, disable=hidden) as bar:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            bar.update(count)
            if hidden and total and done * _LINES // total < (done + count) * _LINES // total:
                _log.info("%s: %s of %s", title, f"{done + count:,}", whole)
            done += count

        yield advance
