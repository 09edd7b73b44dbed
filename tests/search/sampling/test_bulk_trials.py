"""Trials written at once are what Optuna would have written, and all of them or none."""

import math

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial
from sqlalchemy.exc import IntegrityError

from search.sampling.bulk_trials import KNOWN_SCHEMA, add_trials

DISTRIBUTIONS = {
    "layers.10.q": IntDistribution(0, 8),
    "layers.2.v": IntDistribution(0, 8),
    "rule": CategoricalDistribution(("alpha/r", "constant", None)),
    "rate": FloatDistribution(1e-5, 1.0, log=True),
}


def a_trial(number, **changes):
    params = {"layers.10.q": number, "layers.2.v": 8 - number, "rule": None, "rate": 0.1 + number}
    return create_trial(
        **{
            "state": TrialState.COMPLETE,
            "values": [0.5, -1.25],
            "params": {name: value if name != "rate" else value / 10 for name, value in params.items()},
            "distributions": DISTRIBUTIONS,
            "user_attrs": {"proposer": "tpe+\u00fc", "params": 2**40, "sd": None, "score": 0.1 + number},
        }
        | changes
    )


TRIALS = [
    a_trial(0),
    a_trial(1, values=[math.inf, -math.inf]),
    a_trial(2, state=TrialState.FAIL, values=None),
    a_trial(3, params={}, distributions={}, user_attrs={}),
    a_trial(4),
]


@pytest.fixture
def storage(tmp_path):
    storage = RDBStorage(f"sqlite:///{tmp_path}/study.db")
    yield storage
    storage.remove_session()
    storage.engine.dispose()


def study_of(storage, name):
    return optuna.create_study(study_name=name, storage=storage, directions=["maximize", "minimize"])


def seen(study):
    """All that Optuna gives back of the trials, in its order; ids apart, which count over all studies."""
    return [
        (
            trial.number,
            trial.state,
            trial.values,
            list(trial.params.items()),
            list(trial.distributions.items()),
            list(trial.user_attrs.items()),
            trial.system_attrs,
            trial.intermediate_values,
            trial.datetime_start,
            trial.datetime_complete,
        )
        for trial in study.get_trials()
    ]


def test_optuna_reads_back_what_add_trials_would_have_given(storage):
    assert storage.get_current_version() == KNOWN_SCHEMA  # else this test compares Optuna with itself
    theirs, ours = study_of(storage, "theirs"), study_of(storage, "ours")
    theirs.add_trials(TRIALS)
    add_trials(ours, storage, TRIALS)
    assert seen(ours) == seen(theirs)
    assert [trial.number for trial in ours.best_trials] == [trial.number for trial in theirs.best_trials]
    assert study_of(storage, "next").ask().number == 0
    assert ours.ask().number == len(TRIALS)


def test_no_trials_are_no_rows(storage):
    study = study_of(storage, "none")
    add_trials(study, storage, [])
    assert not study.get_trials()


def test_another_version_of_the_tables_is_left_to_optuna(storage):
    study = study_of(storage, "theirs")
    add_trials(study, storage, TRIALS[:2], schema="v9.9.9.a")
    assert [trial.number for trial in study.get_trials()] == [0, 1]


def test_all_are_written_or_none(storage):
    study = study_of(storage, "ours")
    broken = a_trial(1)
    broken.values = [None, 0.0]
    broken.user_attrs["own"] = object()
    with pytest.raises((IntegrityError, TypeError)):
        add_trials(study, storage, [TRIALS[0], broken])
    assert not study.get_trials()
