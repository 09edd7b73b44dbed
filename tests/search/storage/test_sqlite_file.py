"""What an SQLite file of studies is, and what lies beside it."""

import os
import time

import pytest

from evaluators.store.whole_file import unfinished_path
from search.storage.opened_storage import opened_storage
from search.storage.sqlite_file import remove_unfinished

HOUR = 3600


@pytest.fixture
def left(tmp_path):
    """What processes left that were killed as they began study.db and begun.db: long ago, and just now."""
    found = {}
    for name, age in (("study.db", 2 * HOUR), ("study.db", 0), ("begun.db", 2 * HOUR)):
        part = unfinished_path(tmp_path / name, "part")
        for file in (part, part.with_name(f"{part.name}-journal")):
            file.write_bytes(b"")
            os.utime(file, 2 * (time.time() - age,))
            found.setdefault((name, age), set()).add(file)
    return found


def test_what_a_killed_process_left_of_a_file_is_removed_and_what_may_be_at_work_is_not(left, tmp_path):
    remove_unfinished(tmp_path / "study.db")
    gone = {which: not any(file.exists() for file in files) for which, files in left.items()}
    assert gone == {("study.db", 2 * HOUR): True, ("study.db", 0): False, ("begun.db", 2 * HOUR): False}


def test_it_is_when_the_file_is_begun_again(left, tmp_path):
    with opened_storage(tmp_path / "study.db"):
        pass
    assert not any(file.exists() for file in left["study.db", 2 * HOUR])
