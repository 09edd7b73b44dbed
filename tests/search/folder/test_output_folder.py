"""A folder belongs to one command with one set of options and inputs, or is refused and left as it was."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from evaluators.store.whole_file import unfinished_path
from search.cli.job_options import JOB
from search.folder.folder_record import read_record
from search.folder.output_folder import OutputFolder, decisive
from search.job.option import options_of
from search.job.settings import SpaceSettings, TrainingSettings
from search.storage.settings import StorageSettings
from spaces.errors import InputError, UsageError
from tests.search.folder.folder_runs import NASTY, OPTIONS, begin, contents, folder_at, refuse, run


def test_a_finished_result_is_given_again_and_another_is_not_made(tmp_path):
    assert run(folder_at(tmp_path / "out"), {"best": 1}) == {"best": 1}
    assert run(folder_at(tmp_path / "out"), {"best": 2}) == {"best": 1}


REFUSED: dict[str, tuple[Callable[[Path], OutputFolder], str]] = {
    "another command": (
        lambda path: folder_at(path, command="search.study"),
        "holds a run of search.run; choose another",
    ),
    "another value": (
        lambda path: folder_at(path, options={**OPTIONS, "epochs": 30}),
        r"a run with other options \(`epochs`\)",
    ),
    "an option more": (lambda path: folder_at(path, options={**OPTIONS, "lr": 1}), r"other options \(`lr`\)"),
    "an option less": (lambda path: folder_at(path, options={"epochs": 1}), r"other options \(`space`\)"),
    "other bytes of data": (
        lambda path: folder_at(path, inputs={"train.tsv": {"": "2"}}),
        "^train.tsv changed since the run in .*out began; choose another `output`",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("ended", [True, False])
def test_what_is_not_the_same_run_is_refused_and_the_folder_is_left_as_it_was(tmp_path, case, ended):
    other, said = REFUSED[case]
    if ended:
        run(folder_at(tmp_path / "out"), {})
    else:
        begin(folder_at(tmp_path / "out"))
    before = contents(tmp_path / "out")
    with pytest.raises(InputError, match=said):
        run(other(tmp_path / "out"), {})
    assert contents(tmp_path / "out") == before
    run(folder_at(tmp_path / "out"), {})


def test_where_and_how_work_is_done_decides_no_result():
    kinds = (*JOB, StorageSettings)
    settings = {one.name for kind in kinds for one, _ in options_of(kind)}
    assert settings - decisive([kind() for kind in kinds]).keys() == {
        *("output", "log", "json", "quiet", "storage", "study_name"),
        *("device", "devices", "jobs", "cohort_size", "threads", "dask"),
        *("gradient_checkpointing", "micro_batch_size"),
    }


def test_what_may_change_on_the_way_decides_no_result():
    assert decisive([SpaceSettings(), TrainingSettings()], growing=["epochs"]).keys() & {"epochs", "lr"} == {
        "lr"
    }


@pytest.mark.parametrize("library", ["torch", "its source"])
def test_another_program_is_refused(tmp_path, library):
    run(folder_at(tmp_path / "out"), {})
    record = read_record(tmp_path / "out", another="`output`", growing=())
    other = replace(record.provenance, program={**record.provenance.program, library: "2"})
    replace(record, provenance=other).write(tmp_path / "out")
    said = r"torch was 2 and is \S+" if library == "torch" else "its source"
    with pytest.raises(InputError, match=rf"the program changed \({said}\) since"):
        run(folder_at(tmp_path / "out"), {})


@pytest.mark.parametrize("begun", [True, False])
def test_a_second_start_with_other_options_changes_nothing(tmp_path, begun):
    """``--epochs 1`` beside a run of 30 must not put its options over the other's result."""
    mine, said = folder_at(tmp_path / "out"), "with other options" if begun else "in use by another run"
    with mine.opened() as path:
        if begun:
            mine.begin()
        before = contents(path)
        with pytest.raises(UsageError, match=said):
            run(folder_at(path, options={**OPTIONS, "epochs": 30}), {"epochs": 30})
        with pytest.raises(UsageError, match="in use by another run"):
            run(folder_at(path), {})
        assert contents(path) == before
        mine.begin()
        mine.finish({"epochs": 1})
    assert run(folder_at(tmp_path / "out"), {}) == {"epochs": 1}


def test_the_lock_s_file_is_kept(tmp_path):
    run(folder_at(tmp_path / "out"), {})
    inode = (tmp_path / "out" / ".lock").stat().st_ino
    run(folder_at(tmp_path / "out"), {})
    assert (tmp_path / "out" / ".lock").stat().st_ino == inode


def test_who_locks_a_file_that_was_removed_meanwhile_holds_nothing(tmp_path, monkeypatch):
    """Another run opens the lock's file, and before it locks it the first one is refused and removes it."""
    (tmp_path / "out").mkdir()
    real, first, others = fcntl.flock, ExitStack(), []
    first.enter_context(folder_at(tmp_path / "out").opened())

    def flock(file, operation):
        if not others:
            others.append(file)
            with pytest.raises(InputError, match="no such column"), first:
                raise InputError("no such column")
        return real(file, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        folder_at(tmp_path / "out").opened() as path,
        pytest.raises(UsageError, match="in use by another run"),
    ):
        run(folder_at(path), {})


@pytest.mark.parametrize("name", ["thesis.txt", "candidates", "result.json", "thesis.part", ".a.part"])
def test_somebody_s_folder_is_refused_untouched(tmp_path, name):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("mine")
    with pytest.raises(UsageError, match="exists and is not a run of this program"):
        run(folder_at(tmp_path / "mine"), {})
    assert contents(tmp_path / "mine") == {name: b"mine"}


def test_a_folder_of_an_older_version_is_refused_untouched(tmp_path):
    (tmp_path / "out").mkdir()
    old = {"space": "lora", "budget": "r=2", "seeds": 3}
    (tmp_path / "out" / "options.json").write_text(json.dumps(old))
    with pytest.raises(
        UsageError, match=r"an older version of this program began .*; choose another `output`"
    ):
        run(folder_at(tmp_path / "out", options=old), {})
    assert list(contents(tmp_path / "out")) == ["options.json"]


@pytest.mark.parametrize("where", ["before the record", "after it"])
def test_what_a_killed_run_left_half_done_is_cleared_by_the_next_start(tmp_path, where):
    out = tmp_path / "out"
    out.mkdir()
    half_done = [out / "options.json"]
    if where == "after it":
        begin(folder_at(out))
        (out / "candidates").mkdir()
        half_done.append(out / "candidates" / "a.json")
    (out / "options.json.part").write_text("{")  # of older versions
    for path in half_done:
        unfinished_path(path, "part").write_text("half")
    for role in ("new", "old"):
        unfinished_path(out / "adapter", role).mkdir()
    run(folder_at(out), {})
    left = {path.name for path in out.rglob("*")} - {"candidates"}
    assert left == {".lock", "options.json", "result.json", "allocation.json"}


def test_a_run_that_is_refused_leaves_nothing_of_itself(tmp_path):
    with pytest.raises(InputError, match="no such column"):
        refuse(folder_at(tmp_path / "deep" / "out"))
    assert not (tmp_path / "deep").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no such column"):
        refuse(folder_at(tmp_path / "empty"))
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_failure_keeps_what_has_finished_and_what_was_there(tmp_path):
    for kept in ("candidates", "scores"):
        with pytest.raises(InputError, match="no such column"):
            refuse(folder_at(tmp_path / kept), kept)
        assert {".lock", "options.json", f"{kept}/a.json"} == set(contents(tmp_path / kept))
    run(folder_at(tmp_path / "out"), {})
    before = contents(tmp_path / "out")
    with pytest.raises(InputError, match="no such column"):
        refuse(folder_at(tmp_path / "out"))
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize(
    "damage", [lambda b: b[:9], lambda b: bytes(len(b)), lambda b: b.replace(b"1", b"2")]
)
@pytest.mark.parametrize("name", ["result.json", "options.json"])
def test_a_damaged_result_or_record_is_refused_by_name(tmp_path, damage, name):
    run(folder_at(tmp_path / "out"), {"best": 1})
    path = tmp_path / "out" / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=rf"{name} is damaged: .* choose another `output`"):
        run(folder_at(tmp_path / "out"), {})


def test_a_run_that_is_refused_leaves_what_others_put_there_meanwhile(tmp_path):
    folder = folder_at(tmp_path / "out")

    def refused():
        with folder.opened() as path:
            folder.begin()
            (path / "study.db").write_text("")
            (path / "artifacts").mkdir()
            (path / "artifacts" / "1").write_text("of a trial that was running")
            (path / "thesis").mkdir()
            (path / "thesis" / "chapter.txt").write_text("mine")
            raise InputError("no such column")

    with pytest.raises(InputError, match="no such column"):
        refused()
    assert contents(tmp_path / "out") == {"thesis/chapter.txt": b"mine"}


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.EINVAL])
def test_a_file_system_without_locks_is_one_line(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(InputError, match=rf"cannot be locked \(.*{os.strerror(number)}\)"):
        run(folder_at(tmp_path / "out"), {})


@pytest.mark.parametrize("name", [NASTY, "x" * 256, "x" * 5000, os.fsdecode(b"\xff")])
def test_a_name_works_or_is_refused_in_one_line(tmp_path, name):
    try:
        assert run(folder_at(tmp_path / name), {"best": 1}) == {"best": 1}
    except InputError as error:
        assert len(name) > 255, error  # noqa: PT017
        assert list(tmp_path.iterdir()) == []
    else:
        assert run(folder_at(tmp_path / name), {}) == {"best": 1}
        assert [path.name for path in tmp_path.iterdir()] == [name]
