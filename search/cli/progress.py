"""Progress on stderr: a bar with a note on a terminal, elsewhere a line at the start, for each tenth, and at
the end where that is not what the last one says; of what takes minutes with the time that is left."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from tqdm import tqdm

from search.job.progress import Advance, Progress
from spaces.counted import counted
from spaces.printable import printable

__all__ = ["progress_on_stderr"]

_LINES: Final = 10
_MINUTE: Final = 60.0
_log = logging.getLogger(__name__)


def progress_on_stderr(*, quiet: bool, clock: Callable[[], float] = time.monotonic) -> Progress:
    """Shows how far work is; where quiet, in log lines alone. clock: in seconds."""
    return partial(_progress, quiet=quiet, clock=clock)


@contextmanager
def _progress(
    title: str,
    total: int,
    unit: str,
    *,
    units: str | None = None,
    quiet: bool,
    clock: Callable[[], float],
) -> Iterator[Advance]:
    hidden, began = quiet or not sys.stderr.isatty(), clock()
    known, since = 0, began  # what is done within the first minute may have been known before
    whole, done, note, last = counted(total, unit, units), 0, "", ""

    def say() -> None:
        nonlocal last
        if hidden and total and (line := f"{title}: {done:,} of {whole}{note}") != last:
            pace = (done - known) / (total - known) if done > known else 0.0
            _log.info("%s%s", line, _left(clock() - since, pace))
            last = line

    say()
    with tqdm(total=total, desc=title, unit=unit, file=sys.stderr, disable=hidden, dynamic_ncols=True) as bar:

        def advance(count: int, said: str = "", /) -> None:
            nonlocal done, known, note, since
            if said:
                note = f"; {said}"
                bar.set_postfix_str(printable(said), refresh=count == 0)
            bar.update(count)
            before, done = done, done + count
            if (now := clock()) - began < _MINUTE:
                known, since = done, now
            if before * _LINES // max(1, total) < done * _LINES // max(1, total):
                say()

        yield advance
    say()


def _left(seconds: float, share: float) -> str:
    """How long the rest will take, going by this share that took so many seconds; nothing of short work.

    >>> _left(600, 0.25), _left(7200, 0.5), _left(59, 0.5), _left(600, 1.0)
    ('; about 30 min left', '; about 2 h left', '', '')
    """
    left = seconds / share - seconds if share else 0.0
    if seconds < _MINUTE or left < _MINUTE:
        return ""
    minutes = round(left / _MINUTE)
    return f"; about {minutes} min left" if minutes < 90 else f"; about {minutes / 60:.0f} h left"
