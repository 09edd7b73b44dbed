"""Which starts are of one run: those in one folder, and those of drivers that share it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from search.folder.folder_record import read_record
from search.folder.output_folder import OutputFolder
from search.mirror.shown import Aim
from search.mirror.study_mirror import begin_study
from search.mirror.study_place import StudyPlace
from search.storage.opened_storage import opened_storage
from spaces.errors import UsageError
from tests.search.folder.folder_runs import OPTIONS, folder_at


def identity(folder: OutputFolder) -> str:
    """Of a run that begins, or goes on, and is killed; as it was told before it began."""
    with folder.opened():
        planned = folder.planned.identity
        folder.begin()
        assert folder.identity == planned
    return planned


@pytest.mark.parametrize("shared", [True, False])
def test_every_start_in_a_folder_is_of_one_run_and_a_start_in_another_one_where_it_is_shared(
    shared, tmp_path
):
    first, again = (identity(folder_at(tmp_path / "a", shared=shared)) for _ in range(2))
    (tmp_path / "a").rename(tmp_path / "b")
    moved = identity(folder_at(tmp_path / "b", shared=shared))
    anew = identity(folder_at(tmp_path / "a", shared=shared))
    assert first == again == moved
    assert (anew == first) == shared


def test_a_shared_run_that_goes_on_alone_is_the_same(tmp_path):
    assert identity(folder_at(tmp_path / "a", shared=True)) == identity(folder_at(tmp_path / "a"))


def test_a_folder_without_a_token_goes_on_as_it_did(tmp_path):
    first = identity(folder_at(tmp_path / "a"))
    older = replace(read_record(tmp_path / "a", another="", growing=()), token="")
    older.write(tmp_path / "a")
    assert first != older.identity == identity(folder_at(tmp_path / "a"))


def test_a_record_that_is_read_is_that_which_was_written(tmp_path):
    folder = folder_at(tmp_path / "a", options={**OPTIONS, "generate": True}, growing=["generate"])
    told = identity(folder)
    record = read_record(tmp_path / "a", another="", growing=["generate"])
    assert (record.identity, record.lasting) == (told, OPTIONS)
    assert record == folder.planned


@pytest.mark.parametrize(("name", "same"), [("epochs", False), ("generate", True)])
def test_what_may_change_from_start_to_start_makes_no_other_run(name, same, tmp_path):
    one, other = (
        folder_at(tmp_path / str(value), options={**OPTIONS, name: value}, growing=["generate"], shared=True)
        for value in (1, 2)
    )
    assert (identity(one) == identity(other)) == same


@pytest.mark.parametrize("named", [True, False])
def test_a_study_shows_the_numbers_of_one_folder_alone(named, tmp_path):
    """The program may be another one in a new folder, and the machine."""

    def begun(folder: Path) -> str:
        place = StudyPlace("tiny", {}, f"sqlite:///{tmp_path / 'all.db'}").at(
            folder, identity(folder_at(folder))
        )
        with opened_storage(place.where) as storage:
            return begin_study(storage, place.study([Aim("loss", "minimize")]), named=named).name

    assert [begun(tmp_path / "a"), begun(tmp_path / "a")] == ["tiny", "tiny"]
    if named:
        with pytest.raises(
            UsageError, match="a study 'tiny' of another search, or of this one in another folder"
        ):
            begun(tmp_path / "b")
    else:
        assert [begun(tmp_path / "b"), begun(tmp_path / "b")] == ["tiny (2)", "tiny (2)"]
