"""The way that every storage takes: what it writes is what Optuna's own study would hold."""

from __future__ import annotations

import optuna
import pytest
from optuna.distributions import IntDistribution
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState, create_trial

from search.storage.patience import OvertakenError
from search.storage.writer import PlainWriter, TrialChange


@pytest.fixture
def study():
    return optuna.create_study(storage=InMemoryStorage())


def writer_of(study):
    return PlainWriter(study._storage, study._study_id)


def running(rank):
    return create_trial(
        state=TrialState.RUNNING, params={"q": rank}, distributions={"q": IntDistribution(0, 8)}
    )


def test_trials_stand_behind_those_that_are_there_and_end_as_they_are_told(study):
    study.add_trial(running(1))
    first, second = writer_of(study).add([running(2), running(4)], 1)
    assert [one.params["q"] for one in study.trials] == [1, 2, 4]
    change = TrialChange(
        second, ((10, 0.9), (30, 0.7)), {"loss": 0.7}, {"note": "n"}, TrialState.PRUNED, (0.7,)
    )
    writer_of(study).change([TrialChange(first, ((10, 0.8),)), change])
    _, one, other = study.trials
    assert (one.state, one.intermediate_values, one.values) == (TrialState.RUNNING, {10: 0.8}, None)
    assert (other.state, other.values) == (TrialState.PRUNED, [0.7])
    assert other.intermediate_values == {10: 0.9, 30: 0.7}
    assert (other.user_attrs, other.system_attrs) == ({"loss": 0.7}, {"note": "n"})
    assert one.datetime_complete is None
    assert other.datetime_complete is not None


def test_whoever_comes_too_late_with_a_trial_adds_none(study):
    study.add_trial(running(1))
    with pytest.raises(OvertakenError, match="trial 0 was to be the next of a study that has 1 by now"):
        writer_of(study).add([running(2)], 0)
    assert [one.params["q"] for one in study.trials] == [1]


def test_a_study_is_described_in_both_kinds_of_attributes(study):
    writer_of(study).describe({"model": "tiny"}, {"dashboard:note_ver": 1})
    assert study.user_attrs == {"model": "tiny"}
    assert study._storage.get_study_system_attrs(study._study_id) == {"dashboard:note_ver": 1}


def test_what_is_settled_of_a_study_is_what_the_first_says(study):
    assert writer_of(study).settle("whose", "mine") == "mine"
    assert writer_of(study).settle("whose", "theirs") == "mine"
