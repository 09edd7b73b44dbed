"""What a trial trains next, and how it stands behind that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluators.training.candidate import Candidate, Evaluation, Trained
from evaluators.training.state import State
from search.live.settings import LiveSettings
from search.live.stretches import Living, Stretches
from search.sampling.running_study import Outcome
from tests.search.live.settled_search import settled
from tests.search.live.test_pruning import trial_of


@pytest.fixture
def stretches_of(make_space):
    def made(**settings) -> Stretches:
        search = settled(make_space([(4, 4)], (0, 2)), LiveSettings(trials=3, **settings))
        return Stretches(search)

    return made


def came(trial, step, *, loss=None, failure=None, memory=5):
    own = trial.configuration
    one = Candidate(own.allocation, 7, own.learning_rate, own.scaling)
    metric = None if loss is None else 1 - loss
    known = Evaluation(one, metric, loss, failure, (0.0,) * step, step / 2, memory)
    return Trained(known, {}, state=State({}, {}, {}, known.curve, known.seconds, memory))


def test_legs_go_on_from_where_a_trial_stands_and_the_last_ends_with_training(stretches_of):
    stretches, one, ends = stretches_of(), Living(trial_of(0)), []
    while True:
        leg = stretches.leg(one)
        assert leg.begun is one.state
        assert leg.candidate == Candidate(one.trial.configuration.allocation, 7, 1e-3, "alpha/r")
        ends.append((leg.until, leg.judged))
        if leg.until is None:
            break
        one = stretches.after(one, came(one.trial, leg.until, loss=0.5 if leg.judged else None))
    assert ends == [
        (10, True),
        (20, False),
        (30, True),
        *[(step, False) for step in (40, 50, 60, 70, 80)],
        (None, True),
    ]


@pytest.mark.parametrize(("objective", "value"), [("loss", 0.25), ("metric", 0.75)])
def test_at_a_rung_there_is_a_report_by_the_first_objective(stretches_of, objective, value):
    stretches = stretches_of(objectives=(objective, "params"))
    fresh = replace(trial_of(3, params=64), peak_memory=9)
    one = stretches.after(Living(fresh), came(fresh, 10, loss=0.25))
    (report,) = one.trial.reports
    assert (report.rung, report.step, report.of_steps) == (0, 10, 90)
    assert (report.loss, report.metric, report.value) == (0.25, 0.75, value)
    assert (one.trial.step, one.trial.seconds, one.trial.peak_memory) == (10, 5.0, 9)
    assert stretches.is_judged(one)
    between = stretches.after(one, came(one.trial, 20, memory=11))
    assert (between.trial.reports, between.trial.peak_memory) == ((report,), 11)
    assert not stretches.is_judged(between)


def test_a_failure_at_a_rung_is_no_report_and_the_end(stretches_of):
    stretches, fresh = stretches_of(), trial_of(0)
    one = stretches.after(Living(fresh), came(fresh, 4, failure="nan"))
    assert not stretches.is_judged(one)
    assert one.trial.reports == ()
    ended = stretches.ended(one.trial, stopped=False)
    assert (ended.state, ended.failure, ended.step) == ("failed", "nan", 4)
    assert stretches.outcome(ended) is None


@pytest.mark.parametrize(
    ("values", "step", "stopped", "state"),
    [
        ((0.4,), 10, True, "pruned"),
        ((0.4,), 10, False, None),
        ((0.4, 0.3), 30, True, "pruned"),
        ((0.4, 0.3, 0.2), 90, False, "complete"),
    ],
)
def test_samplers_are_told_the_last_value_and_that_of_every_rung(stretches_of, values, step, stopped, state):
    stretches, trial = stretches_of(), replace(trial_of(0, *values), step=step)
    trial = replace(trial, reports=tuple(replace(one, loss=one.value) for one in trial.reports))
    ended = stretches.ended(trial, stopped=stopped)
    assert (ended and ended.state) == state
    if ended is not None:
        at = dict(zip((1, 3, 9), values, strict=False))
        assert stretches.outcome(ended) == Outcome((values[-1],), at, state == "pruned")
