"""Allocations in two studies: every rank in one, a few numbers in its twin."""

from __future__ import annotations

import pytest
from optuna.trial import TrialState

from search.mirror.allocation_mirror import IN_SHORT, opened_mirror
from search.mirror.allocation_trial import AllocationTrial, TrialAxes
from search.mirror.shown import Aim, ShownStudy
from spaces.allocation import Allocation
from spaces.errors import UsageError

STUDY = ShownStudy("mine", (Aim("loss", "minimize"),), "seed 0")
TRIAL = AllocationTrial(0, Allocation.of({"layers.1.q": 4}), 128, note="a note")


@pytest.fixture
def space(make_space):
    return make_space([(16, 16)] * 4, (0, 2, 4))


def test_each_trial_is_in_both_with_the_same_end_and_only_the_full_one_has_files(
    place, read, space, tmp_path
):
    choices = TrialAxes.of(space, 256)
    with opened_mirror(place, STUDY, space, choices, folder=tmp_path / "files") as mirror:
        mirror.show([TRIAL])
        done = AllocationTrial(0, TRIAL.allocation, 128, state=TrialState.COMPLETE, values=(0.5,))
        mirror.show([done])
    full, short = read(place, "mine"), read(place, f"mine{IN_SHORT}")
    for study in (full, short):
        assert [(one.state, one.values) for one in study.trials] == [(TrialState.COMPLETE, [0.5])]
    assert full.trials[0].params == {f"layers.{i}.q": 4 if i == 1 else 0 for i in range(4)}
    assert short.trials[0].params == {
        "share of q": 1.0,
        "share of upper half": 0.0,
        "sites on": 1,
        "budget used": 0.5,
    }
    assert len(list((tmp_path / "files").iterdir())) == 2
    assert not [key for key in short.trials[0].system_attrs if key.startswith("artifacts:")]


def test_where_no_folder_is_given_there_are_no_files(place, read, space):
    with opened_mirror(place, STUDY, space, TrialAxes.of(space, 256), folder=None) as mirror:
        mirror.show([TRIAL])
    assert read(place, "mine").trials[0].system_attrs == {}


def test_the_twin_of_a_study_that_was_numbered_is_called_after_it_and_a_chosen_name_is_kept_or_refused(
    place, read, space
):
    choices = TrialAxes.of(space, 256)
    with opened_mirror(place, STUDY, space, choices, folder=None):
        pass
    other = ShownStudy("mine", STUDY.aims, "seed 1")
    with opened_mirror(place, other, space, choices, folder=None) as mirror:
        mirror.show([TRIAL])
    assert len(read(place, f"mine (2){IN_SHORT}").trials) == 1
    assert read(place, f"mine{IN_SHORT}").trials == []
    with (
        pytest.raises(UsageError, match="of another search"),
        opened_mirror(place, other, space, choices, folder=None, named=True),
    ):
        pass
