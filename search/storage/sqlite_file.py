"""The SQLite file in which Optuna's studies lie: where it is, whose it is, and its address."""

from __future__ import annotations

import glob
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from optuna.storages._rdb import models
from sqlalchemy import URL, make_url

from evaluators.store.whole_file import is_unfinished
from spaces.printable import printable

from .meeting_place import sqlite_path
from .sqlite_look import TABLES, asked

__all__ = [
    "LOCKED_S",
    "of_another_kind",
    "plain_file",
    "remove_file",
    "remove_unfinished",
    "sqlite_url",
]

LOCKED_S: Final = 20.0
"""Until what another program holds is given up."""
_STALE_S: Final = 3600.0  # since an unfinished file was written, after which its process is dead
_URI: Final = "file:"  # begins the path in an address with options of SQLite's own
_OPTUNAS: Final = {"studies", "trials", "version_info"}  # some of Optuna's tables, in all its versions
_BEGUN: Final = {*models.BaseModel.metadata.tables, "alembic_version"}
"""All that this version makes, one after another: where some are there, another process is about it."""
_SHOWN_TABLES: Final = 3
_BESIDE: Final = ("-journal", "-wal", "-shm")  # of transactions that a killed process has left open


def plain_file(where: Path | str) -> Path | None:
    """The SQLite file at a path or an address; None where it is none, or where an address does not say it
    alone."""
    if isinstance(where, Path):
        return where
    path = _database_of(where)
    return None if not path or path.startswith(_URI) or "{" in path else Path(path)


def _database_of(address: str) -> str | None:
    """``sqlite_path`` as the database's library reads it, some of whose versions take %20 for a space."""
    return make_url(address).database if (path := sqlite_path(address)) else path


def of_another_kind(address: str) -> str | None:
    """What an SQLite database is that keeps nothing, or that is another program's, which Optuna would add its
    tables to; None where it is a study's, or is not there."""
    path = _database_of(address)
    if path is None:
        return None
    if not path:
        return "memory of this process, which keeps nothing"
    if not Path(path).is_file():
        return None
    try:
        (found,) = asked(Path(path), TABLES, within_s=LOCKED_S)
    except sqlite3.OperationalError:
        return None  # in use, say
    except sqlite3.DatabaseError:
        return "a file, but not of SQLite"
    tables = {name for (name,) in found}
    if tables <= _BEGUN or tables >= _OPTUNAS:
        return None
    some = ", ".join(map(printable, sorted(tables)[:_SHOWN_TABLES]))
    more = f" and {len(tables) - _SHOWN_TABLES} more" if len(tables) > _SHOWN_TABLES else ""
    return f"an SQLite file of another program (its tables: {some}{more})"


def remove_file(path: Path) -> None:
    """Removes an SQLite file and, before it, what SQLite would put back into the next one of this name."""
    for beside in _BESIDE:
        path.with_name(f"{path.name}{beside}").unlink(missing_ok=True)
    path.unlink()


def remove_unfinished(path: Path) -> None:
    """Removes what processes that were killed as they began this file left beside it, an hour ago or more."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
        with suppress(OSError):  # another has removed it, or may not
            if is_unfinished(left.name) and time.time() - left.stat().st_mtime > _STALE_S:
                left.unlink()


def sqlite_url(path: Path) -> str:
    """The address of an SQLite file for Optuna, whatever characters its path has.

    A ``file:`` URI, quoted once for SQLite itself, which SQLAlchemy's versions quote again or not, and
    read alike. Braces are doubled, as ``RDBStorage`` fills in a template.
    """
    uri = URL.create("sqlite", database=path.absolute().as_uri(), query={"uri": "true"})
    return uri.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
