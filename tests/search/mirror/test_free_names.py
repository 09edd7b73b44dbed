"""A name that is another run's is told before anything is trained, and nothing is written to find out."""

from __future__ import annotations

import pytest

from search.mirror.free_names import check_free
from search.mirror.shown import Aim
from search.mirror.study_mirror import begin_study
from search.mirror.study_place import StudyPlace
from search.storage.opened_storage import opened_storage
from spaces.errors import UsageError

KINDS = ("", "finalists")


def place_at(storage: str | None, identity: str = "mine", *, chosen: bool = True) -> StudyPlace:
    return StudyPlace("tiny", {}, storage, chosen=chosen, identity=identity)


@pytest.fixture(params=["shared.db", "shared.log"])
def storage(request, tmp_path) -> str:
    return f"{'sqlite:///' if request.param.endswith('.db') else ''}{tmp_path / request.param}"


@pytest.mark.parametrize("name", ["tiny", "tiny, finalists", "tiny, in short", "tiny, finalists, in short"])
def test_each_of_the_names_may_be_taken_by_another(storage, name):
    with opened_storage(storage) as there:
        theirs = StudyPlace(name, {}, storage, identity="theirs")
        begin_study(there, theirs.study([Aim("loss", "minimize")]))
        with pytest.raises(UsageError, match=f"has a study '{name}' of another search"):
            check_free(place_at(storage), KINDS)
        check_free(place_at(storage, "theirs"), KINDS)  # who goes on with it
        check_free(place_at(storage, chosen=False), KINDS)  # whose studies are numbered
        assert [one.study_name for one in there.get_all_studies()] == [name]


@pytest.mark.parametrize("name", ["tiny, proposals", "tin", "tiny, work"])
def test_other_names_are_nobody_s_business(storage, name):
    with opened_storage(storage) as there:
        begin_study(there, StudyPlace(name, {}, storage).study([Aim("loss", "minimize")]))
    check_free(place_at(storage), KINDS)


def test_a_file_of_its_own_is_not_even_opened():
    check_free(place_at(None), KINDS)
