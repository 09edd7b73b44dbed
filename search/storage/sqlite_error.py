"""What an error of SQLite's means, whatever library raised its own from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

__all__ = ["error_chain", "is_locked_database", "is_moved_database", "refusal_of_sqlite"]

_REFUSED: Final = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}
_LOCKED: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_KIND: Final = 0xFF  # the bits of a code that tell what is common to a kind of error


def is_locked_database(error: BaseException) -> bool:
    """Whether an error, or what it was raised from, is that another program holds an SQLite file."""
    return any(code & _KIND in _LOCKED for code, _ in _codes(error))


def is_moved_database(error: BaseException) -> bool:
    """Whether it is that an SQLite file that was open is no longer where it was."""
    return any(code == sqlite3.SQLITE_READONLY_DBMOVED for code, _ in _codes(error))


def refusal_of_sqlite(error: BaseException) -> str | None:
    """Why an SQLite file could not be read or written, in SQLite's words; None where the error is another."""
    return next((said for code, said in _codes(error) if code & _KIND in _REFUSED), None)


def error_chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _codes(error: BaseException) -> Iterator[tuple[int, str]]:
    """The codes of SQLite's errors in the chain and what they say; only what SQLite itself raised has one."""
    for one in error_chain(error):
        if isinstance(one, sqlite3.Error) and hasattr(one, "sqlite_errorcode"):
            yield int(one.sqlite_errorcode), str(one)
