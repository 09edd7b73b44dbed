"""What has become of the files of a run that has ended: a wrong answer would make or delete one."""

from __future__ import annotations

import sqlite3

import pytest

from search.folder.left_files import changes_of, digests_of
from search.job.run_names import STUDY_FILE

DAMAGED = (STUDY_FILE, "is damaged: SQLite cannot read it")


@pytest.fixture
def left(tmp_path):
    """A folder with two files, one of them deeper, and a study."""
    (tmp_path / "adapter").mkdir()
    (tmp_path / "result.json").write_text("{}")
    (tmp_path / "adapter" / STUDY_FILE).write_text("of the same name, and no study")
    with sqlite3.connect(tmp_path / STUDY_FILE) as study:
        study.execute("create table studies (number)")
    study.close()
    return tmp_path


def told(folder):
    return digests_of(folder, ["result.json", f"adapter/{STUDY_FILE}", STUDY_FILE])


def test_what_is_as_it_was_told_has_not_changed_and_the_study_may(left):
    known = told(left)
    with sqlite3.connect(left / STUDY_FILE) as study:
        study.execute("insert into studies values (1)")
    study.close()
    assert [*changes_of(left, known)] == []
    assert [name for name, digest in known.items() if not digest] == [STUDY_FILE]


def test_changed_files_come_first_then_the_study_and_gone_ones_last(left):
    known = told(left)
    (left / "result.json").unlink()
    (left / "result.json").mkdir()  # a folder of the name is no file
    (left / f"adapter/{STUDY_FILE}").write_text("another")
    (left / STUDY_FILE).write_bytes(b"no database at all, " * 300)
    assert [*changes_of(left, known)] == [
        (f"adapter/{STUDY_FILE}", "is not what its run wrote"),
        DAMAGED,
        ("result.json", "is gone"),
    ]


@pytest.mark.parametrize("there", [True, False])
def test_a_record_from_before_the_study_was_told_names_one_that_is_damaged_but_none_that_is_gone(left, there):
    known = digests_of(left, ["result.json"])
    (left / STUDY_FILE).unlink()
    if there:
        (left / STUDY_FILE).write_bytes(b"no database at all, " * 300)
    assert [*changes_of(left, known)] == ([DAMAGED] if there else [])


def test_a_study_beside_the_journal_of_a_writer_that_was_killed_is_not_damaged(left):
    with sqlite3.connect(left / STUDY_FILE) as study:
        study.execute("begin immediate")
        study.execute("insert into studies values (2)")
        journal = (left / f"{STUDY_FILE}-journal").read_bytes()
        study.rollback()
    study.close()
    (left / f"{STUDY_FILE}-journal").write_bytes(journal)
    assert [*changes_of(left, told(left))] == []
