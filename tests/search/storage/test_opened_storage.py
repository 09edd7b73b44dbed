"""A study lies in a file, in a journal or on a server, and what is none is said to be none."""

import logging
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from sqlite3 import dbapi2

import optuna
import pytest
from optuna.exceptions import StorageInternalError
from optuna.storages import JournalStorage, RDBStorage
from optuna.study import StudyDirection

from evaluators.store.whole_file import is_unfinished, whole_file
from search.folder.unwritable import one_line_where_unwritable
from search.mirror.shown import Aim, ShownStudy
from search.mirror.study_mirror import begin_study
from search.storage.opened_storage import (
    check_writable,
    checked_storage,
    opened_for_writing,
    opened_storage,
    opened_to_read,
)
from search.storage.sqlite_file import sqlite_url
from spaces.errors import InputError, UsageError
from tests.forked_processes import exit_code_of, forked_processes

STUDY = ShownStudy("proposals", (Aim("loss", "minimize"),), "seed 0")


def begin(place):
    with opened_for_writing(place) as storage:
        return begin_study(storage, STUDY).name


def names(place):
    with opened_storage(place) as storage:
        return optuna.get_all_study_names(storage)


def test_a_path_is_an_sqlite_file_and_an_address_a_journal_or_a_database(tmp_path):
    for place, kind in (
        (tmp_path / "a.db", RDBStorage),
        (str(tmp_path / "a.log"), JournalStorage),
        (f"sqlite:///{tmp_path}/b.db", RDBStorage),
    ):
        begin(place)
        with opened_storage(place) as storage:
            assert isinstance(storage, kind)
        assert names(place) == ["proposals"]


@pytest.mark.parametrize("name", ["a%20b.db", "ä + b#c.db", "%41.db"])
def test_an_address_with_odd_characters_is_one_file_and_another_program_s_is_known_there(name, tmp_path):
    address = f"sqlite:///{tmp_path}/{name}"
    begin(address)
    assert names(address) == ["proposals"]
    (made,) = tmp_path.iterdir()
    assert tables(made)
    made.write_bytes(b"no database at all, " * 300)
    with pytest.raises(UsageError, match="but not of SQLite"):
        checked_storage(address)


def test_what_a_database_refuses_is_raised_and_its_statement_is_not_printed(tmp_path, caplog):
    begin(tmp_path / "study.db")
    optuna_log = logging.getLogger("optuna")
    optuna_log.addHandler(caplog.handler)
    try:
        with opened_storage(tmp_path / "study.db") as storage:
            (study,) = storage.get_all_studies()
            with closing(sqlite3.connect(tmp_path / "study.db")) as other:
                other.execute("DROP TABLE trials")
            with pytest.raises(StorageInternalError):
                storage.get_all_trials(study._study_id)
    finally:
        optuna_log.removeHandler(caplog.handler)
    assert "SELECT" not in caplog.text


def test_damage_of_a_run_s_own_file_is_written_over(tmp_path):
    path = tmp_path / "study.db"
    begin(path)
    for damage in (b"", b"no database", path.read_bytes()[:5000]):
        path.write_bytes(damage)
        begin(path)
        assert names(path) == ["proposals"]


KILLED = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size=1")
database.execute("BEGIN")
database.execute("CREATE TABLE mine (text)")
database.executemany("INSERT INTO mine VALUES (?)", [("a" * 5000,)] * 99)
os.kill(os.getpid(), 9)
"""


def killed_amid_a_transaction(path):
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert path.with_name(f"{path.name}-journal").exists()


def test_what_was_being_written_into_a_file_that_is_damaged_is_not_put_back_into_the_next(tmp_path):
    path = tmp_path / "study.db"
    begin(path)
    killed_amid_a_transaction(path)
    path.write_bytes(b"damaged")
    begin(path)
    assert names(path) == ["proposals"]
    assert [file.name for file in tmp_path.iterdir()] == ["study.db"]


def test_what_is_left_of_a_file_whose_tables_were_being_made_is_known_by_its_name(tmp_path):
    with whole_file(tmp_path / "study.db") as unfinished:
        killed_amid_a_transaction(unfinished)
        left = sorted(file.name for file in tmp_path.iterdir())
        assert [is_unfinished(name) for name in left] == [True, True]


def test_a_file_that_another_program_holds_is_one_line_and_stays(tmp_path, monkeypatch):
    path = tmp_path / "study.db"
    begin(path)
    before = path.read_bytes(), path.stat().st_ino
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        real = sqlite3.connect
        monkeypatch.setattr(dbapi2, "connect", lambda *a, **more: real(*a, **{**more, "timeout": 0.1}))
        with (
            pytest.raises(
                InputError, match=r"is in use by another program .*; end that and start this again"
            ),
            one_line_where_unwritable(tmp_path),
        ):
            begin(path)
    assert (path.read_bytes(), path.stat().st_ino) == before


@pytest.mark.parametrize("content", [b"no database at all, " * 300, b"SQLite format 3\0" + b"x" * 5000])
def test_what_is_only_read_stays_as_it_is_when_it_is_damaged(content, tmp_path):
    (tmp_path / "study.db").write_bytes(content)
    with (
        pytest.raises(InputError, match=r"study.db cannot be read as a study"),
        opened_to_read(tmp_path / "study.db"),
    ):
        pass
    assert (tmp_path / "study.db").read_bytes() == content


def test_addresses_that_cannot_be_opened_are_refused_without_being_shown(tmp_path):
    good = f"sqlite:///{tmp_path}/c.db"
    assert checked_storage(good) == good
    assert checked_storage(str(tmp_path / "c.log")) == str(tmp_path / "c.log")
    for bad in ("nosuch://secret@place", "sqlite:////no/such/folder/secret.db", "secret"):
        with pytest.raises(UsageError, match="`storage`") as refused:
            checked_storage(bad)
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("sqlite:////no/such/folder/secret.db", "see that the folder of its file is there"),
        ("/no/such/folder/secret.log", "see that the folder of its file is there"),
        ("mysql+nosuch://u:secret@127.0.0.1/db", r"a driver that is not installed \(mysql.nosuch\); write"),
        ("postgres://u:secret@127.0.0.1/db", r"not installed \(postgres\); write postgresql\+psycopg://"),
        ("mssql+pymssql://u:secret@127.0.0.1/db", r"not installed \(pymssql\); write postgresql\+psycopg://"),
        ("sqlite:///a.db?timeout=secret", "give an address that Optuna takes"),
        ("sqlite:///secret{0}.db", "write them twice, {{ and }}"),
        ("sqlite:///secret{of}.db", "write them twice, {{ and }}"),
        ("sqlite://", "memory of this process, which keeps nothing"),
        ("sqlite:///:memory:", "memory of this process, which keeps nothing"),
        ("sqlite:///file:secret?mode=memory&uri=true", "memory of this process, which keeps nothing"),
    ],
)
def test_it_is_told_what_is_wrong_with_an_address(address, says):
    with pytest.raises(UsageError, match=says) as refused:
        checked_storage(address)
    assert "secret" not in str(refused.value)


def tables(path):
    with closing(sqlite3.connect(path)) as opened:
        return [name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def test_a_file_whose_tables_are_being_made_is_no_other_program_s(tmp_path):
    path = tmp_path / "study.db"
    begin(path)
    made = tables(path)
    for kept in range(len(made)):
        with closing(sqlite3.connect(path)) as opened:
            for name in made[kept:]:
                opened.execute(f"DROP TABLE {name}")
        assert checked_storage(f"sqlite:///{path}")
        assert set(tables(path)) == set(made)


def begin_at_once(place, name, start):
    start.wait()
    if isinstance(place, str):
        checked_storage(place)
    with opened_storage(place) as storage:
        storage.create_new_study([StudyDirection.MINIMIZE], name)


@pytest.mark.parametrize("as_address", [True, False])
def test_who_begins_a_file_as_others_do_neither_sees_half_of_it_nor_takes_theirs(as_address, tmp_path):
    for turn in range(3):
        path = tmp_path / f"{turn}.db"
        place = f"sqlite:///{path}" if as_address else path
        start = get_context("forkserver").Barrier(4)
        with forked_processes() as started:
            them = [started(begin_at_once, place, f"{index}", start) for index in range(4)]
            assert [exit_code_of(each) for each in them] == [0, 0, 0, 0]
        assert sorted(names(path)) == ["0", "1", "2", "3"]


def test_what_can_be_read_alone_is_refused_and_what_can_be_written_stays_as_it_was(tmp_path):
    path = tmp_path / "study.db"
    for address in (f"sqlite:///{path}", str(tmp_path / "study.log")):
        check_writable(address)
        with opened_storage(address) as storage:
            assert storage.get_all_studies() == []
    with pytest.raises(UsageError, match="`storage` can be read but not written"):
        check_writable(checked_storage(f"sqlite:///file:{path}?mode=ro&uri=true"))


def test_a_server_that_is_not_there_is_not_taken_for_a_bad_address():
    pytest.importorskip("psycopg")
    with socket.socket() as taken:  # and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"postgresql+psycopg://u:secret@127.0.0.1:{taken.getsockname()[1]}/db"
        with pytest.raises(UsageError, match=r"does not answer .*; see that its server runs") as refused:
            checked_storage(address)
    assert "secret" not in str(refused.value)


NASTY = ["a?b", "a%20b", "a b", "a#b", "ü", "a{b}c", "a'b", "a&b=c", "-x", 'a"b', "a;b", "file:x?mode=memory"]


@pytest.mark.parametrize("name", NASTY)
def test_the_file_lies_in_its_folder_whatever_that_is_called(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path(name)
    folder.mkdir()
    begin(folder / "study.db")
    assert list(tmp_path.iterdir()) == [tmp_path / name]
    assert [file.name for file in folder.iterdir()] == ["study.db"]
    assert optuna.get_all_study_names(sqlite_url(folder / "study.db")) == ["proposals"]


def test_a_file_of_another_program_is_told_to_be_one_and_stays_as_it_is(tmp_path):
    notes, text = tmp_path / "notes.db", tmp_path / "a.txt"
    with closing(sqlite3.connect(notes)) as other:
        for name in ("tags", "notes", "users", "meta"):
            other.execute(f"CREATE TABLE {name} (id INTEGER)")
    text.write_text("no database " * 50)
    for path, what in (
        (notes, "an SQLite file of another program (its tables: meta, notes, tags and 1 more)"),
        (text, "a file, but not of SQLite"),
    ):
        before = path.read_bytes()
        with pytest.raises(UsageError) as refused:
            checked_storage(f"sqlite:///{path}")
        assert str(refused.value).startswith(f"`storage` is {what}; ")
        assert path.read_bytes() == before
    mine = tmp_path / "mine.db"
    begin(mine)
    for fine in (mine, tmp_path / "new.db"):
        checked_storage(f"sqlite:///{fine}")
