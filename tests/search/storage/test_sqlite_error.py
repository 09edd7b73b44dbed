"""What an error of SQLite's means is told by its code, through whatever was raised from it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from search.storage.sqlite_error import is_locked_database, is_moved_database, refusal_of_sqlite


def held(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with closing(sqlite3.connect(path, timeout=0.0)) as opened:
            opened.execute("INSERT INTO kept VALUES (1)")


def removed(path):
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("SELECT * FROM kept").fetchall()
        path.unlink()
        opened.execute("INSERT INTO kept VALUES (1)")


def only_read(path):
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as opened:
        opened.execute("INSERT INTO kept VALUES (1)")


def away(path):
    sqlite3.connect(path / "no.db")


def wrong(path):
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("no statement")


def elsewhere(path):
    raise sqlite3.OperationalError("database is locked")  # which SQLite itself did not raise


READONLY = "attempt to write a readonly database"
MEANT = {
    held: (True, False, None),
    removed: (False, True, READONLY),
    only_read: (False, False, READONLY),
    away: (False, False, "unable to open database file"),
    wrong: (False, False, None),
    elsewhere: (False, False, None),
}


@pytest.mark.parametrize("cause", MEANT)
@pytest.mark.parametrize("explicit", [True, False])
def test_an_error_is_told_through_whatever_was_raised_from_it(tmp_path, cause, explicit):
    path = tmp_path / "kept.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE kept (one)")
    with pytest.raises(RuntimeError) as raised:  # noqa: PT012
        try:
            cause(path)
        except sqlite3.Error as error:
            if explicit:
                raise RuntimeError("a library's own") from error
            raise RuntimeError("a library's own")  # noqa: B904
    error = raised.value
    assert (is_locked_database(error), is_moved_database(error), refusal_of_sqlite(error)) == MEANT[cause]
