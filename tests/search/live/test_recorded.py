"""A search written down says of each trial what the search says of it, and is read back as it was."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from search.live.live_record import LiveRecord
from search.live.recorded import front_in_order, recorded
from search.live.settings import LiveSettings
from search.live.waves import LiveOutcome
from tests.search.live.settled_search import settled
from tests.search.live.test_pruning import trial_of


@pytest.fixture
def outcome_of(make_space):
    def made(*objectives) -> LiveOutcome:
        search = settled(make_space([(4, 4)], (0, 2)), LiveSettings(trials=4, objectives=objectives))
        values = {0: (0.5, 300), 1: (0.6, 200), 2: (0.7, 250), 3: (0.65, 90)}
        whole = [
            replace(trial_of(number, 0.9, 0.8, loss, params=params), state="complete", step=90)
            for number, (loss, params) in values.items()
        ]
        # losses at the rungs are the values by which trials are compared, and metrics what they leave of 1
        trials = [
            replace(
                one, reports=tuple(replace(own, loss=own.value, metric=1 - own.value) for own in one.reports)
            )
            for one in [replace(whole[0], baseline=True), *whole[1:]]
        ]
        stopped = replace(trial_of(4, 0.1), state="pruned", step=10, seconds=1.23456)
        lost = replace(trial_of(5), state="failed", failure="nan", step=3)
        return LiveOutcome(search, (*trials, stopped, lost), {}, 4 * 90 + 13)

    return made


def test_every_trial_is_there_with_its_rungs_and_its_end(outcome_of):
    record = recorded(outcome_of("loss"))
    assert (record.seed, record.rungs, record.objectives) == (7, (10, 30, 90), ("loss",))
    assert (record.steps, record.whole_steps) == (373, 6 * 90)
    assert [one.state for one in record.trials] == ["complete"] * 4 + ["pruned", "failed"]
    assert [one.baseline for one in record.trials] == [True] + [False] * 5
    assert record.trials[1].losses == (0.9, 0.8, 0.6)
    assert record.trials[1].metrics == pytest.approx((0.1, 0.2, 0.4))
    assert (record.trials[4].seconds, record.trials[4].step) == (1.235, 10)
    assert (record.trials[5].failure, record.trials[5].losses) == ("nan", ())
    assert {state: record.count(state) for state in ("complete", "pruned", "failed")} == {
        "complete": 4,
        "pruned": 1,
        "failed": 1,
    }


def test_one_objective_has_no_front_and_several_have_theirs_by_parameters(outcome_of):
    assert front_in_order(outcome_of("loss")) == []
    outcome = outcome_of("loss", "params")
    assert [one.number for one in front_in_order(outcome)] == [3, 1, 0]  # of the four that are complete
    front = recorded(outcome).front
    assert [(one.trial, one.params, dict(one.values)) for one in front] == [
        (3, 90, {"loss": 0.65, "params": 90.0}),
        (1, 200, {"loss": 0.6, "params": 200.0}),
        (0, 300, {"loss": 0.5, "params": 300.0}),
    ]
    assert front[0].allocation == {"layers.0.q": 4}


@pytest.mark.parametrize("objectives", [("loss",), ("loss", "params")])
def test_what_json_keeps_of_it_is_read_as_it_was(outcome_of, objectives):
    record = recorded(outcome_of(*objectives))
    assert LiveRecord.of_json(json.loads(json.dumps(asdict(record)))) == record
    assert LiveRecord.of_json(None) is None
