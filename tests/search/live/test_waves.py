"""The loop: slots stay full, everybody is trained by equal stretches, and all of it can be done again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluators.training.candidate import Candidate
from search.live.settings import LiveSettings
from tests.search.live.invented import STEPS, Told, Training, invented, loss_of

SETTINGS = LiveSettings(trials=20, at_once=5)


@pytest.fixture
def space(make_space):
    return make_space([(16, 16)] * 12, (0, 1, 2, 4, 8))


def searched(space, settings=SETTINGS, training=None, told=None, **more):
    training, told = training or Training(), told or Told()
    return invented(space, settings, training=training, told=told, budget=32 * 12 * 2, **more)


def test_every_place_is_taken_until_nobody_is_left_to_be_asked(space):
    training, told = Training(), Told()
    outcome = searched(space, training=training, told=told)
    sizes = [len(legs) for legs in training.waves]
    last_asked = max(i for i, (what, _) in enumerate(told.lines) if what == "asked")
    waves_before = sum(what == "judged" for what, _ in told.lines[:last_asked])
    assert set(sizes[:waves_before]) == {5}
    assert sizes[-1] >= 1
    assert len(outcome.trials) == 20 + 4  # all sites are linears and q here, so that there is one baseline


def test_a_trial_goes_on_by_ninths_from_where_it_stood_and_is_judged_at_rungs(space):
    training = Training()
    searched(space, training=training)
    ends: dict[object, list[tuple[int, int, bool]]] = {}
    for legs in training.waves:
        for leg in legs:
            ends.setdefault(leg.candidate, []).append((leg.begun_at, leg.ends_at(STEPS), leg.judged))
    stretches = [(10 * i, 10 * i + 10, 10 * i + 10 in (10, 30, 90)) for i in range(9)]
    lengths = set()
    for own in ends.values():
        assert own == stretches[: len(own)]
        lengths.add(len(own))
    assert lengths == {1, 3, 9}
    assert {candidate.seed for candidate in ends} == {7}


def test_the_last_value_of_a_trial_that_was_promoted_is_that_of_one_that_was_never_judged(space):
    halved = searched(space)
    whole = searched(space, replace(SETTINGS, halving=0))
    assert {trial.state for trial in whole.trials} == {"complete"}
    assert whole.steps == whole.whole_steps == len(whole.trials) * STEPS
    assert halved.steps < halved.whole_steps / 2
    for trial in (*halved.trials, *whole.trials):
        own = trial.configuration
        if trial.state == "complete":
            candidate = Candidate(own.allocation, 7, own.learning_rate, own.scaling)
            assert trial.reports[-1].value == loss_of(candidate, STEPS)


def test_the_same_is_asked_and_told_again(space):
    first, second, every = Told(), Told(), ("tpe", "nsga2", "random")
    outcome = searched(space, told=first, samplers=every)
    assert outcome.trials == searched(space, told=second, samplers=every).trials
    assert {trial.proposers[0].name for trial in outcome.trials} > set(every)
    assert first.lines == second.lines
    began, *_, ended = first.lines
    assert (began, ended[0]) == (("began", ()), "ended")


def test_watchers_see_each_trial_begin_be_judged_and_end_in_order(space):
    told = Told()
    outcome = searched(space, told=told)
    for trial in outcome.trials:
        own = [what for what, numbers in told.lines if trial.number in numbers]
        assert own == ["asked", *["judged"] * len(trial.reports), "ended"]
    assert all(list(numbers) == sorted(numbers) for _, numbers in told.lines)
    assert told.trials == {trial.number: trial for trial in outcome.trials}


def test_no_configuration_is_trained_twice(space):
    outcome = searched(space)
    assert len({trial.configuration for trial in outcome.trials}) == len(outcome.trials)


def test_a_trial_that_fails_is_over_and_others_go_on(space):
    outcome = searched(space, training=Training(fails=frozenset({0, 7, 11})))
    failed = [trial for trial in outcome.trials if trial.state == "failed"]
    assert len(failed) == 3
    assert {trial.failure for trial in failed} == {"it broke"}
    assert len(outcome.trials) == 24


def test_the_best_baseline_of_a_rung_goes_on(space):
    outcome = searched(space)
    baselines = [trial for trial in outcome.trials if trial.baseline]
    for rung in (0, 1):
        stood = [trial for trial in baselines if len(trial.reports) > rung]
        best = min(stood, key=lambda trial: trial.reports[rung].value)
        assert len(best.reports) > rung + 1


@pytest.mark.parametrize("at_once", [1, 8, 64])
def test_about_one_of_eta_goes_on_however_many_train_side_by_side(space, at_once):
    outcome = searched(space, replace(SETTINGS, trials=64, at_once=at_once))
    came = [sum(len(trial.reports) > rung for trial in outcome.trials) for rung in range(3)]
    assert came[0] == 68
    assert 68 / 4 < came[1] < 68 / 2
    assert came[1] / 6 < came[2] <= came[1]


def test_several_objectives_leave_small_ones_their_chance(space):
    settings = replace(SETTINGS, objectives=("loss", "params"), trials=40)
    outcome = searched(space, settings, samplers=("tpe", "nsga2"), least=32 * 3)
    own = [trial for trial in outcome.trials if not trial.baseline]
    sizes = {trial.params for trial in own}
    assert min(sizes) < 32 * 12 < max(sizes) <= 32 * 12 * 2
    complete = {trial.params for trial in own if trial.state == "complete"}
    assert min(complete) < 32 * 12


@pytest.mark.parametrize("objectives", [("loss",), ("loss", "params"), ("metric", "params")])
def test_weights_are_kept_of_what_none_beats_and_of_no_other(space, objectives):
    settings = replace(SETTINGS, objectives=objectives, trials=30)
    outcome = searched(space, settings, least=32 * 3)
    complete = [trial for trial in outcome.trials if trial.state == "complete"]
    sign = -1 if objectives[0] == "metric" else 1
    worth = {one.number: (sign * one.value, one.params * (len(objectives) - 1)) for one in complete}
    beaten = {
        number
        for number, own in worth.items()
        if any(
            other != own and all(a <= b for a, b in zip(other, own, strict=True)) for other in worth.values()
        )
    }
    assert outcome.trained.keys() == worth.keys() - beaten
    assert len(complete) > len(outcome.trained) > 0
    for number, trained in outcome.trained.items():
        own = outcome.trials[number].configuration
        assert trained.evaluation.candidate == Candidate(own.allocation, 7, own.learning_rate, own.scaling)
