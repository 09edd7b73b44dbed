"""What a run in a folder read, and what it left, may change: what is refused then and what is told."""

from __future__ import annotations

import pytest

from spaces.errors import InputError
from tests.search.folder.folder_runs import begin, folder_at, run


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


def test_another_file_that_was_changed_is_named_beside_the_result(tmp_path, caplog):
    run(folder_at(tmp_path / "out"), {"best": 1})
    (tmp_path / "out" / "allocation.json").write_text('{"layers.0.q": 3}')
    assert run(folder_at(tmp_path / "out"), {}) == {"best": 1}
    assert "allocation.json is not what its run wrote" in caplog.text


def test_a_file_that_is_gone_is_named_beside_the_result(tmp_path, caplog):
    run(folder_at(tmp_path / "out"), {"best": 1})
    (tmp_path / "out" / "allocation.json").unlink()
    run(folder_at(tmp_path / "out"), {})
    assert "allocation.json is gone" in caplog.text


def test_a_result_says_where_its_folder_is_now(tmp_path):
    run(folder_at(tmp_path / "out"), {"best": 1, "output": str(tmp_path / "out")})
    (tmp_path / "out").rename(tmp_path / "moved")
    moved = folder_at(tmp_path / "moved")
    with moved.opened():
        assert moved.finished() == {"best": 1, "output": str(tmp_path / "moved")}
