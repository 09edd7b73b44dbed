"""A trial of several seeds is over with its last run, whoever else shares a run."""

from __future__ import annotations

import pytest
from optuna.trial import TrialState

from evaluators.training.candidate import Candidate, Evaluation, Trained
from search.job.logs.training_log import Unlogged
from search.mirror.seeds_log import SeedsLog, end_of_seeds
from spaces.allocation import Allocation

PLAN = Allocation.of({"layers.0.q": 2})


def run(seed, metric=0.5, rate=1e-3):
    failure = "diverged" if metric is None else None
    return Evaluation(Candidate(PLAN, seed, rate), metric, metric, failure, (), 1.5, 0)


def test_a_trial_ends_once_with_all_its_runs_in_their_order():
    own = [run(0), run(1)]
    trials = [[("a", one.candidate) for one in own], [("b", own[0].candidate)]]
    ended = []
    log = SeedsLog(Unlogged(), trials, lambda place, runs: ended.append((place, list(runs))))
    log(None, "a", Trained(own[1], {}))
    assert ended == []
    log(None, "a", Trained(own[0], {}))
    log(None, "a", Trained(own[0], {}))
    assert ended == [(0, own)]
    log(None, "b", Trained(own[0], {}))
    assert ended[1:] == [(1, [own[0]])]


def test_a_run_that_trials_share_ends_each_of_them_with_what_came_of_it_last():
    shared, later, other = run(0), run(1), run(1, rate=2e-3)
    trials = [[("a", shared.candidate), ("a", one.candidate)] for one in (later, other)]
    ended = []
    log = SeedsLog(Unlogged(), [*trials, trials[1][1:]], lambda place, runs: ended.append((place, runs)))
    log(None, "a", Trained(run(0, 0.9), {}))
    log(None, "a", Trained(shared, {}))  # trained again, since another leg of its cohort was lost
    log(None, "a", Trained(other, {}))
    log(None, "a", Trained(later, {}))
    assert ended == [(1, [shared, other]), (2, [other]), (0, [shared, later])]


def test_its_value_is_the_mean_of_the_runs_that_finished():
    state, values, told = end_of_seeds([run(0, 0.4), run(1, 0.6), run(2, None)])
    assert (state, values) == (TrialState.COMPLETE, (pytest.approx(0.5),))
    assert (told["finished"], told["seconds"]) == (2, 4.5)
    state, values, told = end_of_seeds([run(0, None)])
    assert (state, values, told["failure"]) == (TrialState.FAIL, None, "diverged")
