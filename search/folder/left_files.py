"""The files that a run which has ended left in its folder: told, and which are gone or damaged since."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from evaluators.base.content_digest import file_digest
from search.job.run_names import STUDY_FILE

__all__ = ["changes_of", "digests_of"]

_LOCKED_S: Final = 1.0  # until a database that another program holds is passed over
_ANY: Final = ""  # the digest of a file into which others may write: the dashboard writes into the study's


def digests_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of files in a folder, by path within it; empty of the study's."""
    return {name: _ANY if name == STUDY_FILE else file_digest(folder / name) for name in names}


def changes_of(folder: Path, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The files that are gone or no longer as ``digests_of`` told them, and what is wrong; gone ones last.

    The study's is wrong where SQLite finds no table in it, or finds it out of order.
    """
    there = [name for name in known if (folder / name).is_file()]
    for name in there:
        if known[name] != _ANY and file_digest(folder / name) != known[name]:
            yield name, "is not what its run wrote"
    study = folder / STUDY_FILE
    if study.is_file() and not _in_order(study):
        yield STUDY_FILE, "is damaged: SQLite cannot read it"
    yield from ((name, "is gone") for name in known if name not in there)


def _in_order(path: Path) -> bool:
    """Whether SQLite reads the file as a database with tables, or another program holds it meanwhile."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=_LOCKED_S)) as opened:
            (tables,) = opened.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return bool(tables and opened.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False
