"""How many trials of a search are trained side by side: settled when it begins, wherever it goes on."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from evaluators.store.whole_file import write_whole
from spaces.counted import counted
from spaces.errors import InputError

__all__ = ["known_at_once", "settled_at_once"]

_KEPT: Final = "at_once"
_log = logging.getLogger(__name__)


def settled_at_once(folder: Path, wanted: int) -> int:
    """What the search whose trials are kept in a folder began with; ``wanted`` where it begins now.

    The number decides who is known when the next trial is asked for, so that with another one a search would
    not go on but be another. Raises InputError where what was written is damaged.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     [settled_at_once(Path(place), wanted) for wanted in (8, 16)]
    [8, 8]
    """
    began = known_at_once(folder)
    if began is not None:
        if began != wanted:
            _log.info("going on with %s at a time, as it began, not %d", counted(began, "trial"), wanted)
        return began
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / _KEPT, f"{wanted}")
    return wanted


def known_at_once(folder: Path) -> int | None:
    """The same of a search that has begun; None where it has not."""
    path = folder / _KEPT
    if not path.exists():
        return None
    known = path.read_bytes()
    if not known.isdigit() or not int(known):
        raise InputError(
            f"{path} is damaged: it says how many trials were trained at a time; write that number into it, "
            "or give another folder."
        )
    return int(known)
