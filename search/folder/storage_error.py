"""Which errors mean that the disk did not take what was written, whatever library raises them."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from spaces.errors import InputError

__all__ = [
    "is_locked_database",
    "is_moved_database",
    "one_line_where_unwritable",
    "refusal_of_sqlite",
    "unwritable",
]

_REFUSED: Final = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG}
_SQLITE: Final = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_LOCKED: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_IN_WORDS: Final = re.compile(r"(?:os error|errno) (\d+)", re.IGNORECASE)  # of Rust and of Arrow


def unwritable(folder: Path, reason: str | None, argument: str = "output") -> InputError:
    """The error to raise where a folder cannot be written to. argument: what whoever chose it calls it."""
    return InputError(
        f"the output folder {folder} cannot be written ({reason}); make room or choose another `{argument}`."
    )


@contextmanager
def one_line_where_unwritable(folder: Path, *, argument: str = "output") -> Iterator[None]:
    """Turns an error within the block that means that the folder cannot be written into InputError.

    That is one of a disk that is full, over its quota, broken or read-only, of a database that another
    program holds, or of a file within the folder, also where it is only the cause of what a library raised.
    Others pass.
    """
    try:
        yield
    except InputError:  # says its own line
        raise
    except Exception as error:
        if is_locked_database(error):
            raise InputError(
                f"a database in the output folder {folder} is in use by another program (it may be "
                "optuna-dashboard); end that and start this again, which goes on."
            ) from error
        if is_moved_database(error):
            raise InputError(
                f"a database in the output folder {folder} was moved or removed while it was in use; start "
                "this again, which goes on."
            ) from error
        reason = next((reason for one in _chain(error) if (reason := _reason(one, folder))), None)
        if reason is None:
            raise
        raise unwritable(folder, reason, argument) from error


def is_locked_database(error: BaseException) -> bool:
    """Whether an error, or what it was raised from, is that another program holds an SQLite file."""
    return any(_sqlite_code(one) in _LOCKED for one in _chain(error))


def is_moved_database(error: BaseException) -> bool:
    """Whether it is that an SQLite file that was open is no longer where it was."""
    codes = (
        getattr(one, "sqlite_errorcode", None) for one in _chain(error) if isinstance(one, sqlite3.Error)
    )
    return sqlite3.SQLITE_READONLY_DBMOVED in codes


def refusal_of_sqlite(error: BaseException) -> str | None:
    """Why an SQLite file could not be read or written, in SQLite's words; None where the error is another."""
    refused = (str(one) for one in _chain(error) if _sqlite_code(one) in _SQLITE)
    return next(refused, None)


def _sqlite_code(error: BaseException) -> int | None:
    """The kind of an SQLite error; only one that SQLite itself raised has one."""
    code = getattr(error, "sqlite_errorcode", None) if isinstance(error, sqlite3.Error) else None
    return None if code is None else int(code) & 0xFF


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _reason(error: BaseException, folder: Path) -> str | None:
    """Why the disk refused; None where the error is another one."""
    if isinstance(error, sqlite3.Error):
        return str(error) if _sqlite_code(error) in _SQLITE else None
    if isinstance(error, OSError) and _is_within(error.filename, folder):
        return error.strerror
    said = _IN_WORDS.search(str(error))
    number = error.errno if isinstance(error, OSError) else None
    number = int(said[1]) if number is None and said else number
    if number not in _REFUSED:
        return None
    elsewhere = f": {error.filename}" if isinstance(error, OSError) and error.filename else ""
    return f"{os.strerror(number)}{elsewhere}"


def _is_within(name: object, folder: Path) -> bool:
    if not isinstance(name, str | os.PathLike):
        return False
    path = Path(name).absolute()
    return folder.absolute() in (path, *path.parents)
