"""A storage that is lost while something runs is one line about it, and not about the output folder."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from search.folder.unwritable import one_line_where_unwritable
from search.mirror.shown import Aim
from search.mirror.study_mirror import begin_study
from search.mirror.study_place import StudyPlace
from search.shared.shared_work import shared_work
from search.storage.lost_storage import one_line_where_lost
from search.storage.opened_storage import Place, opened_for_writing
from spaces.errors import InputError

REMOVED = r"^`storage` can no longer be written \(its file was moved or removed\); put that right and start"


def kept_while_it_is_removed(where: Place, file: Path) -> None:
    with opened_for_writing(where) as storage:
        mirror = begin_study(storage, StudyPlace("tiny", {}).study([Aim("loss", "minimize")]))
        file.unlink()
        mirror.describe(note="so far")


def met_while_it_is_removed(address: str, file: Path) -> None:
    with shared_work(address, "tiny, work", "me", 1) as work:
        file.unlink()
        work.agreed("scores", "{}")


def test_a_file_that_is_removed_while_a_study_is_kept_in_it(tmp_path):
    with pytest.raises(InputError, match=REMOVED), one_line_where_unwritable(tmp_path):
        kept_while_it_is_removed(f"sqlite:///{tmp_path}/all.db", tmp_path / "all.db")


def test_a_file_that_is_removed_while_drivers_meet_in_it(tmp_path):
    with pytest.raises(InputError, match=REMOVED):
        met_while_it_is_removed(f"sqlite:///{tmp_path}/all.db", tmp_path / "all.db")


def test_that_of_a_run_s_own_folder_is_the_folder_s_affair(tmp_path):
    said = "a database in the output folder .* was moved or removed while it was in use; start this again"
    with pytest.raises(InputError, match=said), one_line_where_unwritable(tmp_path):
        kept_while_it_is_removed(tmp_path / "study.db", tmp_path / "study.db")


def failure(code: int, said: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(said)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (sqlite3.SQLITE_FULL, r"written \(database or disk is full\)"),
        (sqlite3.SQLITE_READONLY, r"written \(attempt to write a readonly database\)"),
        (sqlite3.SQLITE_BUSY, "`storage` is in use by another program"),
    ],
)
def test_what_sqlite_refuses_is_said_of_the_storage_that_was_chosen(code, said):
    words = {sqlite3.SQLITE_FULL: "database or disk is full"}.get(
        code, "attempt to write a readonly database"
    )
    with pytest.raises(InputError, match=said), one_line_where_lost("sqlite:///all.db"):
        raise RuntimeError("a library's own") from failure(code, words)


@pytest.mark.parametrize("error", [OSError(28, "No space left"), sqlite3.OperationalError("no such table")])
@pytest.mark.parametrize("where", ["sqlite:///all.db", Path("study.db")])
def test_other_errors_pass(error, where):
    with pytest.raises(type(error)) as caught, one_line_where_lost(where):
        raise error
    assert caught.value is error
