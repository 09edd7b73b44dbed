"""Progress on stderr: a bar with a note on a terminal, elsewhere a line at the start and for each tenth."""

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
    whole = counted(total, unit, units)
    if hidden and total:
        _log.info("%s: 0 of %s", title, whole)
    with tqdm(total=total, desc=title, unit=unit, file=sys.stderr, disable=hidden, dynamic_ncols=True) as bar:
        done, said = 0, ""

        def advance(count: int, note: str = "", /) -> None:
            nonlocal done, said
            if note:
                said = f"; {note}"
                bar.set_postfix_str(printable(note), refresh=count == 0)
            bar.update(count)
            if hidden and total and done * _LINES // total < (done + count) * _LINES // total:
                _log.info("%s: %s of %s%s", title, f"{done + count:,}", whole, said)
            done += count

        yield advance
