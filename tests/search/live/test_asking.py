"""Who is next: baselines, the proxies' picks over the grid of rates, then samplers in turn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from proxies.site_scores import per_unit_of_rank
from search.live.asking import Asker
from search.live.baselines import baselines_of
from search.live.picks import picks_of
from search.sampling.running_study import Alternatives, Outcome, RunningStudy

BUDGET = 32 * 10 * 2
CHOICES = Alternatives((1e-3, 1e-2), ("alpha/r", "constant"), BUDGET, BUDGET)


@pytest.fixture
def space(make_space):
    return make_space([(16, 16)] * 10, (0, 1, 2, 4))


@pytest.fixture
def scores(space):
    rng = np.random.default_rng(0)
    return [per_unit_of_rank(name, "dense", space, rng.exponential(size=10)) for name in ("a", "b")]


def asker_of(space, scores, *, trials, picks=0, study_of=RunningStudy, **more):
    studies = {
        name: study_of(name, space, CHOICES, directions=["minimize"], rng=np.random.default_rng(i))
        for i, name in enumerate(("random", "nsga2"))
    }
    chosen = picks_of(scores, CHOICES, allocators=("greedy", "topk"), count=picks, seed=0)
    options = {"baselines": baselines_of(space, BUDGET, (), scores), "picks": chosen, "studies": studies}
    return Asker(scores, choices=CHOICES, trials=trials, seed=0, **(options | more))


def all_of(asker: Asker):
    found = []
    while (trial := asker.ask()) is not None:
        found.append(trial)
    return found


def test_baselines_come_at_every_rate_and_rule_and_do_not_count(space, scores):
    trials = all_of(asker_of(space, scores, trials=9, picks=4))
    assert [trial.baseline for trial in trials] == [True] * 4 + [False] * 9
    grid = [(one.configuration.learning_rate, one.configuration.scaling) for one in trials[:4]]
    assert grid == CHOICES.grid
    assert [trial.number for trial in trials] == list(range(13))


def test_each_pick_comes_once_at_a_rate_and_rule_of_its_own_and_samplers_follow_in_turn(space, scores):
    trials = all_of(asker_of(space, scores, trials=9, picks=4))[4:]
    picks = [trial for trial in trials if trial.proposers[0].proxy is not None]
    sampled = trials[len(picks) :]
    assert {trial.proposers[0].proxy for trial in picks} == {"a", "b"}
    assert len({trial.configuration.allocation for trial in picks}) == len(picks) > 1
    hows = {(one.configuration.learning_rate, one.configuration.scaling) for one in picks}
    assert len(hows) == len(picks)
    assert {trial.proposer for trial in sampled} == {"random", "nsga2"}
    names = [trial.proposer for trial in sampled[-4:]]
    assert names in (["random", "nsga2"] * 2, ["nsga2", "random"] * 2)


def test_the_proxies_choose_the_best_of_eight_suggestions_by_mean_rank(space, scores):
    suggested: list[list[tuple[int, ...]]] = [[]]

    class Noting(RunningStudy):
        def suggest(self, *, max_params=None):
            idea = super().suggest(max_params=max_params)
            suggested[-1].append(tuple(idea.ranks.tolist()))
            return idea

    asker = asker_of(space, scores, trials=3, baselines=[], study_of=Noting)
    while (trial := asker.ask()) is not None:
        given = suggested[-1]
        assert len(given) == 8
        worth = np.array([[table.of(space.allocation(one)) for table in scores] for one in given])
        best = given[int(np.argmin(rankdata(-worth, axis=0).mean(axis=1)))]
        assert tuple(space.rank_vector(trial.configuration.allocation).tolist()) == best
        suggested.append([])


def test_no_configuration_comes_twice_and_an_exhausted_space_is_an_end(make_space, caplog):
    space = make_space([(4, 4)] * 2, (0, 1))
    scores = [per_unit_of_rank("a", "dense", space, [1.0, 2.0])]
    choices = Alternatives((1e-3,), ("alpha/r",), 8, 8)
    study = RunningStudy("random", space, choices, directions=["minimize"], rng=np.random.default_rng(0))
    asker = Asker(
        scores, baselines=[], picks=[], studies={"random": study}, choices=choices, trials=50, seed=0
    )
    trials = all_of(asker)
    assert len({trial.configuration for trial in trials}) == len(trials) == 2
    assert "random: stopped, no new configuration was found in 72 tries" in caplog.text
    assert "stopped after 2 of 50 trials besides the baselines" in caplog.text


def test_without_samplers_it_is_said_how_many_trials_are_missing(space, scores, caplog):
    found = len(all_of(asker_of(space, scores, trials=20, picks=20, baselines=[], studies={})))
    assert 0 < found < 20
    assert f"stopped after {found} of 20 trials besides the baselines" in caplog.text
    caplog.clear()
    all_of(asker_of(space, scores, trials=found, picks=20, baselines=[], studies={}))
    assert not caplog.text


def test_samplers_are_told_of_all_but_what_lies_beyond_the_space(space, scores):
    told = []

    class Noting(RunningStudy):
        def end(self, number, outcome):
            told.append(number)
            super().end(number, outcome)

    (uniform,) = baselines_of(space, BUDGET, (), scores)
    beyond = type(uniform)(type(uniform.allocation).of({"layers.99.o": 4}), uniform.proposers, 9, ())
    asker = asker_of(space, scores, trials=2, baselines=[uniform, beyond], study_of=Noting)
    trials = all_of(asker)
    for trial in trials:
        asker.tell(trial, Outcome((1.0,), {}, pruned=False))
    inside = [t.number for t in trials if t.configuration.allocation != beyond.allocation]
    assert sorted(told) == sorted(inside * 2)


def test_ranks_off_the_grid_are_told_as_the_next_lower_ones_on_it(space, scores):
    begun = []

    class Noting(RunningStudy):
        def begin(self, number, idea):
            begun.append(idea.ranks.tolist())
            super().begin(number, idea)

    (uniform,) = baselines_of(space, BUDGET, (), scores)
    own = type(uniform.allocation).of({"layers.0.q": 9, "layers.1.q": 3, "layers.2.q": 1})
    beyond = type(uniform)(own, uniform.proposers, 32 * 13, ())
    asker = asker_of(space, scores, trials=0, baselines=[beyond], study_of=Noting)
    (trial, *_) = all_of(asker)
    assert begun[0] == [4, 2, 1] + [0] * 7
    assert trial.configuration.allocation == own
