"""Progress on stderr: a bar with a note on a terminal, elsewhere a line at the start, for each tenth, and at
the end where that is not what the last one says."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from tqdm import tqdm

from search.job.progress import Advance, Progress
from spaces.counted import counted
from spaces.printable import printable

__all__ = ["progress_on_stderr"]

_LINES: Final = 10
_log = logging.getLogger(__name__)


def progress_on_stderr(*, quiet: bool) -> Progress:
    """Shows how far work is; where quiet, in log lines alone."""
    return partial(_progress, quiet=quiet)


@contextmanager
def _progress(
    title: str, total: int, unit: str, *, units: str | None = None, quiet: bool
) -> Iterator[Advance]:
    hidden = quiet or not sys.stderr.isatty()
    whole, done, note, last = counted(total, unit, units), 0, "", ""

    def say() -> None:
        nonlocal last
        if hidden and total and (line := f"{title}: {done:,} of {whole}{note}") != last:
            _log.info("%s", line)
            last = line

    say()
    with tqdm(total=total, desc=title, unit=unit, file=sys.stderr, disable=hidden, dynamic_ncols=True) as bar:

        def advance(count: int, said: str = "", /) -> None:
            nonlocal done, note
            if said:
                note = f"; {said}"
                bar.set_postfix_str(printable(said), refresh=count == 0)
            bar.update(count)
            before, done = done, done + count
            if before * _LINES // max(1, total) < done * _LINES // max(1, total):
                say()

        yield advance
    say()
