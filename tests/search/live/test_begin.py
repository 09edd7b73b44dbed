"""The parts of a search put together: who has how many turns, and who competes with whom."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.site_scores import per_unit_of_rank
from search.live.begin import asker_of, competition_of
from search.live.settings import LiveSettings
from search.sampling.running_study import Alternatives
from tests.search.live.settled_search import settled
from tests.search.live.test_asking import all_of
from tests.search.live.test_pruning import trial_of

BUDGET = 32 * 10 * 2
CHOICES = Alternatives((1e-3, 1e-2), ("alpha/r",), BUDGET // 8, BUDGET)


@pytest.fixture
def space(make_space):
    return make_space([(16, 16)] * 10, (0, 1, 2, 4))


def search_of(space, **settings):
    return settled(space, LiveSettings(trials=20, **settings), budget=BUDGET)


@pytest.mark.parametrize(
    ("samplers", "picked", "sampled"),
    [(("random",), 10, {"random"}), (("random", "nsga2", "random"), 10, None)],
)
def test_where_samplers_are_asked_the_proxies_have_half_of_the_trials(space, samplers, picked, sampled):
    rng = np.random.default_rng(0)
    scores = [per_unit_of_rank(name, "dense", space, rng.exponential(size=10)) for name in "abcde"]
    asker = asker_of(
        search_of(space), CHOICES, scores, [], allocators=("greedy", "topk"), samplers=samplers, seed=0
    )
    trials = all_of(asker)
    own = [one for one in trials if one.proposers[0].proxy is not None]
    assert (len(trials), len(own)) == (20, picked)
    assert {one.proposer for one in trials} - {one.proposer for one in own} == (
        sampled or {"random", "nsga2"}
    )


def test_without_samplers_all_trials_are_the_proxies(space):
    scores = [per_unit_of_rank(str(i), "dense", space, np.random.default_rng(i).random(10)) for i in range(9)]
    asker = asker_of(search_of(space), CHOICES, scores, [], allocators=("greedy",), samplers=(), seed=0)
    trials = all_of(asker)
    assert len(trials) == 20
    assert all(one.proposers[0].proxy is not None for one in trials)


@pytest.mark.parametrize(("objectives", "small_goes_on"), [(("loss",), False), (("loss", "params"), True)])
def test_over_several_objectives_a_small_trial_competes_with_its_like(space, objectives, small_goes_on):
    competition = competition_of(search_of(space, objectives=objectives), CHOICES)
    trials = [trial_of(n, n / 10, params=BUDGET) for n in range(6)] + [trial_of(6, 0.9, params=BUDGET // 8)]
    for one in trials:
        competition.enter(one)
    going = competition.going_on(trials)
    assert {0, 1} <= going
    assert (6 in going) == small_goes_on


def test_the_first_objective_says_what_is_better(space):
    competition = competition_of(search_of(space, objectives=("metric",)), CHOICES)
    trials = [trial_of(n, n / 10) for n in range(6)]
    for one in trials:
        competition.enter(one)
    assert competition.going_on(trials) == {4, 5}
