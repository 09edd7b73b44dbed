"""What a driver of a shared search is called: a name of its own, which stays with its output folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import uuid4

from evaluators.store.whole_file import write_whole
from search.job.run_names import CANDIDATES

__all__ = ["candidates_of", "driver_of"]

_KEPT: Final = "driver"
_DIGITS: Final = 12  # hexadecimal


def driver_of(folder: Path, host: str) -> str:
    """The driver whose output folder this is: the same at each start in it, and nobody else's.

    A token and the machine and path of its first start, as ``3f1c09d2ab47@gpu3:/runs/mine``: of two machines
    of one name and one path the tokens differ. A folder that was copied or moved is another driver's, as what
    it was copied from may be at work. To be called under the folder's lock.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     first, again = (driver_of(Path(place), host) for host in ("gpu3", "gpu4"))
    >>> first == again, first.partition("@")[2] == f"gpu3:{place}"
    (True, True)
    """
    path = folder / CANDIDATES / _KEPT
    known = _read(path)
    if known is not None and _folder_of(known) == folder.absolute():
        return known
    path.parent.mkdir(parents=True, exist_ok=True)
    new = f"{uuid4().hex[:_DIGITS]}@{host}:{folder.absolute()}"
    write_whole(path, new)
    return new


def candidates_of(driver: str) -> Path | None:
    """Where a driver keeps what it trained, where that can be seen from here; None where it cannot, also
    where another driver's folder has the same path here."""
    kept = _folder_of(driver) / CANDIDATES
    return kept if _read(kept / _KEPT) == driver else None


def _folder_of(driver: str) -> Path:
    return Path(driver.partition(":")[2])


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
