"""What a run in a folder read, and what it left, may change: what is refused then and what is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import create_trial

from search.job.run_names import STUDY_FILE
from search.sampling.quiet_optuna import quiet_optuna
from search.storage.opened_storage import opened_for_writing, opened_to_read
from search.storage.sqlite_file import sqlite_url
from spaces.errors import InputError
from tests.search.folder.folder_runs import NASTY, begin, folder_at, run


@pytest.mark.parametrize(("then", "now"), [({"": "1"}, {}), ({}, {"": "1"}), ({}, {})])
def test_a_result_is_not_given_again_for_an_input_that_cannot_be_told(tmp_path, then, now):
    """A pipe has other bytes each time; a run that goes on with it does no harm: candidates tell rows."""
    begin(folder_at(tmp_path / "out", inputs={"train.tsv": then}))
    run(folder_at(tmp_path / "out", inputs={"train.tsv": then}), {"best": 1})
    with pytest.raises(
        InputError, match=r"whether train.tsv is what .*result.json was made of cannot be told"
    ):
        run(folder_at(tmp_path / "out", inputs={"train.tsv": now}), {"best": 2})


@pytest.mark.parametrize("resumed", [True, False])
def test_an_input_that_changes_while_it_is_read_is_refused(tmp_path, resumed):
    known = {"train.tsv": {"": "1"}}
    folder = folder_at(tmp_path / "out", inputs=known)
    if resumed:
        begin(folder_at(tmp_path / "out"))

    def read_and_begin():
        with folder.opened():
            known["train.tsv"] = {"": "2"}
            folder.begin()

    said = "since the run in" if resumed else "while it was read; start again"
    with pytest.raises(InputError, match=f"^train.tsv changed {said}"):
        read_and_begin()
    assert (tmp_path / "out").exists() == resumed


@pytest.mark.parametrize(("name", "part"), [("train.tsv", ""), ("model", "model.safetensors")])
def test_what_changes_while_a_run_is_at_work_is_refused_where_it_may_have_been_used(
    tmp_path, caplog, name, part
):
    """Rows were read before; processes load the model whenever they start."""
    known = {name: {part: "1"}}
    folder = folder_at(tmp_path / "out", inputs=known)

    def work():
        with folder.opened():
            folder.begin()
            known[name] = {part: "2"}
            folder.finish({"best": 1})

    if part:
        with pytest.raises(InputError, match=r"model/model\.safetensors changed while the run in"):
            work()
        assert not (tmp_path / "out" / "result.json").exists()
    else:
        work()
        assert "train.tsv changed after the run had read it" in caplog.text


def test_what_could_not_be_told_at_first_is_held_to_once_it_is(tmp_path):
    for inputs in ({"the task": {}}, {"the task": {"": "1"}}):
        begin(folder_at(tmp_path / "out", inputs=inputs))
    with pytest.raises(InputError, match="the task changed"):
        begin(folder_at(tmp_path / "out", inputs={"the task": {"": "2"}}))


def test_a_result_that_was_removed_is_made_again(tmp_path):
    run(folder_at(tmp_path / "out"), {"best": 1})
    (tmp_path / "out" / "result.json").unlink()
    assert run(folder_at(tmp_path / "out"), {"best": 2}) == {"best": 2}
    assert run(folder_at(tmp_path / "out"), {}) == {"best": 2}


NOTES = {"note": "of a trial" * 9000}


def ended_with_a_study(path: Path) -> None:
    """A run that left an adapter, and a study of two trials, of which it adds those that are not there."""
    folder = folder_at(path)
    with folder.opened():
        folder.begin()
        (path / "adapter").mkdir(exist_ok=True)
        (path / "adapter" / "wires.safetensors").write_text("A and B")
        with opened_for_writing(path / STUDY_FILE) as storage:
            with quiet_optuna():
                study = optuna.create_study(storage=storage, study_name="trials", load_if_exists=True)
            for value in range(len(study.trials), 2):
                study.add_trial(create_trial(value=value, user_attrs=NOTES))
        folder.finish({"best": 1})


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zero_the_last(path: Path) -> None:
    """Where what trials tell lies, far behind the studies' names."""
    content = path.read_bytes()
    path.write_bytes(content[: -len(content) // 4] + bytes(-(-len(content) // 4)))


@pytest.mark.parametrize("damage", [cut, zero, zero_the_last, empty, Path.unlink])
@pytest.mark.parametrize("name", ["adapter/wires.safetensors", STUDY_FILE])
def test_what_is_damaged_or_gone_is_named_with_what_makes_it_again_and_that_does(
    tmp_path, caplog, name, damage
):
    out = tmp_path / NASTY
    ended_with_a_study(out)
    damage(out / name)
    assert run(folder_at(out), {}) == {"best": 1}
    what = "is damaged: SQLite cannot read it" if name == STUDY_FILE else "is not what its run wrote"
    assert [record.getMessage() for record in caplog.records] == [
        f"{out / name} {'is gone' if damage is Path.unlink else what}",
        f"remove {out / 'result.json'} and start the run again to have that made again: what candidates no "
        "longer holds is trained again",
    ]
    (out / "result.json").unlink()
    ended_with_a_study(out)
    assert (out / "adapter" / "wires.safetensors").read_text() == "A and B"
    with opened_to_read(out / STUDY_FILE) as storage:
        trials = optuna.load_study(study_name="trials", storage=storage).trials
    assert [(trial.value, trial.user_attrs) for trial in trials] == [(value, NOTES) for value in range(2)]


def test_of_a_folder_as_it_was_and_a_study_that_others_wrote_into_nothing_is_said(tmp_path, caplog):
    out = tmp_path / "out"
    ended_with_a_study(out)
    with quiet_optuna():
        storage = RDBStorage(sqlite_url(out / STUDY_FILE))
        storage.create_new_study([StudyDirection.MINIMIZE], "a note of the dashboard's")
    assert run(folder_at(out), {}) == {"best": 1}
    with closing(sqlite3.connect(out / STUDY_FILE)) as other, other:  # which holds it meanwhile
        other.execute("BEGIN EXCLUSIVE")
        assert run(folder_at(out), {}) == {"best": 1}
    assert not caplog.records


def test_a_study_that_lies_elsewhere_is_not_gone(tmp_path, caplog):
    for _ in range(2):
        run(folder_at(tmp_path / "out"), {"best": 1})
    assert not caplog.records


def test_a_result_says_where_its_folder_is_now(tmp_path):
    run(folder_at(tmp_path / "out"), {"best": 1, "output": str(tmp_path / "out")})
    (tmp_path / "out").rename(tmp_path / "moved")
    moved = folder_at(tmp_path / "moved")
    with moved.opened():
        assert moved.finished() == {"best": 1, "output": str(tmp_path / "moved")}
