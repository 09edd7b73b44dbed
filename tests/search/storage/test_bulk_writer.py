"""Trials written at once are what Optuna would have written, and all of them or none."""

import math

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, OperationalError

from search.storage.bulk_writer import KNOWN_SCHEMA, BulkWriter, writer_of
from search.storage.patience import OvertakenError
from search.storage.writer import PlainWriter, TrialChange

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
            "user_attrs": {"proposer": "tpe+\u00fc", "parameters": 2**40, "sd": None, "score": 0.1 + number},
            "intermediate_values": {1: 0.7, 3: math.nan, 9: -math.inf},
            "system_attrs": {"artifacts:0a": "{}"},
        }
        | changes
    )


TRIALS = [
    a_trial(0),
    a_trial(1, values=[math.inf, -math.inf]),
    a_trial(2, state=TrialState.FAIL, values=None),
    a_trial(3, params={}, distributions={}, user_attrs={}, intermediate_values={}, system_attrs={}),
    a_trial(4),
    a_trial(5, state=TrialState.RUNNING, values=None),
]


@pytest.fixture
def storage(tmp_path):
    storage = RDBStorage(f"sqlite:///{tmp_path}/study.db")
    yield storage
    storage.remove_session()
    storage.engine.dispose()


def study_of(storage, name):
    return optuna.create_study(study_name=name, storage=storage, directions=["maximize", "minimize"])


def writer(storage, name, **more):
    return writer_of(storage, storage.get_study_id_from_name(name), **more)


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
            str(trial.intermediate_values),  # one is not a number
            trial.datetime_start,
            trial.datetime_complete,
        )
        for trial in study.get_trials()
    ]


def test_optuna_reads_back_what_add_trials_would_have_given(storage):
    assert storage.get_current_version() == KNOWN_SCHEMA  # else this test compares Optuna with itself
    theirs, ours = study_of(storage, "theirs"), study_of(storage, "ours")
    theirs.add_trials(TRIALS)
    writer(storage, "ours").add(TRIALS[:2], 0)
    writer(storage, "ours").add(TRIALS[2:], 2)
    assert seen(ours) == seen(theirs)
    assert [trial.number for trial in ours.best_trials] == [trial.number for trial in theirs.best_trials]
    assert study_of(storage, "next").ask().number == 0
    assert ours.ask().number == len(TRIALS)


def test_changes_are_what_optuna_s_own_calls_would_have_made(storage):
    running = a_trial(1, state=TrialState.RUNNING, values=None, intermediate_values={})
    studies = study_of(storage, "theirs"), study_of(storage, "ours")
    for study, kind in zip(studies, (PlainWriter, BulkWriter), strict=True):
        own = kind(storage, storage.get_study_id_from_name(study.study_name))
        ids = own.add([running, running], 0)
        own.change(
            [
                TrialChange(ids[0], ((1, 0.5), (3, math.inf)), {"sd": 1, "new": [1]}, {"artifacts:0b": "{}"}),
                TrialChange(ids[1], attributes={"sd": 2}, state=TrialState.COMPLETE, values=(0.25, math.inf)),
            ]
        )
        own.change([TrialChange(ids[0], ((9, 0.1),), state=TrialState.PRUNED)])
        own.describe({"verdict": "no"}, {"dashboard:note_ver": 1})
        own.describe({"verdict": "yes"}, {"dashboard:note_ver": 2})
        with pytest.raises(UpdateFinishedTrialError):
            own.change([TrialChange(ids[1], attributes={"sd": 3})])
        assert study.user_attrs == {"verdict": "yes"}
        assert storage.get_study_system_attrs(own.study_id)["dashboard:note_ver"] == 2
        assert all(trial.datetime_complete > trial.datetime_start for trial in study.trials)
    theirs, ours = ([one[:-2] for one in seen(study)] for study in studies)
    assert [(*one[:5], dict(one[5]), *one[6:]) for one in ours] == [
        (*one[:5], dict(one[5]), *one[6:]) for one in theirs
    ]


def test_no_trials_are_no_rows(storage):
    study = study_of(storage, "none")
    writer(storage, "none").add([], 0)
    assert not study.get_trials()


def test_another_version_of_the_tables_is_left_to_optuna(storage):
    study = study_of(storage, "theirs")
    own = writer(storage, "theirs", schema="v9.9.9.a")
    assert isinstance(own, PlainWriter)
    own.add(TRIALS[:2], 0)
    assert [trial.number for trial in study.get_trials()] == [0, 1]


def test_whoever_comes_too_late_adds_none(storage):
    study = study_of(storage, "ours")
    writer(storage, "ours").add(TRIALS[:2], 0)
    with pytest.raises(OvertakenError):
        writer(storage, "ours").add(TRIALS[:1], 1)
    assert len(study.get_trials()) == 2


def test_all_are_written_or_none(storage):
    study = study_of(storage, "ours")
    broken = a_trial(1)
    broken.values = [None, 0.0]
    broken.user_attrs["own"] = object()
    with pytest.raises((IntegrityError, TypeError)):
        writer(storage, "ours").add([TRIALS[0], broken], 0)
    assert not study.get_trials()


def test_nobody_adds_trials_between_counting_and_adding(storage, tmp_path):
    """Else both would give the same numbers."""
    study = study_of(storage, "ours")
    hasty = RDBStorage(f"sqlite:///{tmp_path}/study.db", {"connect_args": {"timeout": 0.0}})
    came, own = [], BulkWriter(hasty, hasty.get_study_id_from_name("ours"))

    def come_between(_connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO trials") and not came:
            came.append(statement)
            with pytest.raises(OperationalError, match="locked"):
                own.add(TRIALS[:1], 0)

    event.listen(storage.engine, "before_cursor_execute", come_between)
    writer(storage, "ours").add(TRIALS[:2], 0)
    hasty.engine.dispose()
    assert came
    assert [trial.number for trial in study.get_trials()] == [0, 1]


def test_what_is_settled_of_a_study_stays_and_all_are_told_of_it(storage):
    study_of(storage, "ours")
    assert writer(storage, "ours").settle("whose", "mine") == "mine"
    assert writer(storage, "ours").settle("whose", "theirs") == "mine"
