"""What is wrong with a storage, its names or other drivers is told before a model is loaded."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest

from search.cli.command import Printed
from search.cli.run import RUN
from search.cli.run_search import run_search
from search.cli.search_in import search_in
from search.mirror.shown import Aim
from search.mirror.study_mirror import begin_study
from search.mirror.study_place import StudyPlace
from search.run.alike import SETTLED
from search.shared.shared_work import shared_work
from search.storage.opened_storage import opened_storage

LIVE = ["--trials", "2", "--rungs", "1", "--scaling", "alpha/r"]


def loading(given):
    raise AssertionError("the model is loaded")


def begin(argv: list[str]) -> int:
    """The exit code of a run that would fail where it loads its model."""

    def run(given):
        return Printed(run_search(given, partial(search_in, machine=loading)).to_json(), "", "")

    return replace(RUN, run=run).main(argv)


@pytest.mark.parametrize(
    ("kind", "more"), [("", LIVE), ("finalists", LIVE), ("finalists", []), ("proposals", [])]
)
def test_a_name_that_is_taken(kind, more, small, tmp_path, capsys):
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    theirs = StudyPlace("tiny", {}, storage, identity="theirs").study([Aim("loss", "minimize")], kind=kind)
    with opened_storage(storage) as there:
        begin_study(there, theirs)
    named = [*small, *more, "--storage", storage, "--study-name"]
    assert begin([*named, "tiny"]) == 2
    said = capsys.readouterr().err
    assert (
        f"--storage has a study {theirs.name!r} of another search, or of this one in another folder; " in said
    )
    assert "choose another --study-name." in said
    assert not (tmp_path / "out").exists()
    with pytest.raises(AssertionError, match="is loaded"):
        begin([*named, "another"])


def test_a_storage_that_cannot_be_written(small, tmp_path, capsys):
    with opened_storage(tmp_path / "shared.db"):
        pass
    address = f"sqlite:///file:{tmp_path / 'shared.db'}?mode=ro&uri=true"
    assert begin([*small, *LIVE, "--storage", address]) == 2
    assert "--storage can be read but not written" in capsys.readouterr().err


def test_a_driver_whose_options_differ(small, tmp_path, capsys):
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    theirs = {"options": {"lr": 0.5}, "inputs": {}, "program": {}}
    with shared_work(storage, "tiny, work", "theirs", 60) as work:
        work.agreed(SETTLED, json.dumps(theirs))
        shared = ["--storage", storage, "--study-name", "tiny", "--join"]
        assert begin([*small, *LIVE, *shared, "--lr", "0.25"]) == 2
    assert "--lr 0.25 here, --lr 0.5 there; " in capsys.readouterr().err
