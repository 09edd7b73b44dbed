"""A sampler beside running trials: what it suggests fits, and what it is told is what became of it."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler, TPESampler
from optuna.trial import TrialState, create_trial

from proxies.site_scores import per_unit_of_rank
from search.allocation.random_allocation import random_ranks
from search.allocation.repair import repair
from search.sampling.running_study import Alternatives, Idea, Outcome, RunningStudy
from search.sampling.samplers import SAMPLERS, Sampler

BUDGET = 32 * 8 * 2
RANKS_ALONE = Alternatives((1.0,), ("alpha/r",), 40 * 32 * 2, 40 * 32 * 2)


@pytest.fixture
def space(make_space):
    return make_space([(16, 16)] * 8, (0, 1, 2, 4))


def study_of(space, name="tpe", *, least=BUDGET, objectives=1, seed=0) -> RunningStudy:
    choices = Alternatives((1e-3, 1e-2), ("alpha/r", "constant"), least, BUDGET)
    rng = np.random.default_rng(seed)
    return RunningStudy(name, space, choices, directions=["minimize"] * objectives, rng=rng)


def states(study: RunningStudy) -> list[TrialState]:
    """Of those that are trained or were, as samplers see them."""
    nobodys = (TrialState.FAIL, TrialState.WAITING)
    return [trial.state for trial in study.study.trials if trial.state not in nobodys]


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("objectives", [1, 2])
def test_every_suggestion_fits_its_own_budget_before_and_after_it_learns(space, name, objectives):
    study = study_of(space, name, least=BUDGET // 4, objectives=objectives)
    for number in range(16):
        idea = study.suggest()
        assert BUDGET // 4 <= idea.max_params <= BUDGET
        assert space.params(space.allocation(idea.ranks)) <= idea.max_params
        assert (idea.learning_rate, idea.scaling) in Alternatives(
            (1e-3, 1e-2), ("alpha/r", "constant"), 1, 1
        ).grid
        study.begin(number, idea)
        if number >= 3:
            study.end(number - 3, Outcome((float(number),) * objectives, {1: float(number)}, number % 2 == 0))


def test_a_trial_is_running_until_it_ends_as_it_did(space):
    study = study_of(space)
    for number in range(3):
        study.begin(number, study.suggest())
    assert states(study) == [TrialState.RUNNING] * 3
    study.end(1, Outcome((0.5,), {1: 0.7, 3: 0.5}, pruned=True))
    study.end(0, Outcome((0.2,), {1: 0.6, 3: 0.4, 9: 0.2}, pruned=False))
    study.end(2, None)
    assert states(study) == [TrialState.PRUNED, TrialState.COMPLETE]
    pruned, complete = (trial for trial in study.study.trials if trial.state in states(study))
    assert (pruned.intermediate_values, complete.intermediate_values[9]) == ({1: 0.7, 3: 0.5}, 0.2)
    assert complete.value == 0.2


@pytest.mark.parametrize(("name", "objectives"), [("nsga2", 1), ("random", 1), ("tpe", 2)])
def test_who_cannot_read_how_far_a_trial_came_is_told_its_last_values(space, name, objectives):
    study = study_of(space, name, objectives=objectives)
    study.begin(0, study.suggest())
    study.end(0, Outcome((0.5,) * objectives, {1: 0.5}, pruned=True))
    assert states(study) == [TrialState.COMPLETE]


def test_it_learns_the_rate_that_is_better_and_the_rule(space):
    study = study_of(space)
    for number in range(40):
        idea = study.suggest()
        worth = (idea.learning_rate == 1e-3) + (idea.scaling == "constant")
        study.begin(number, idea)
        study.end(number, Outcome((-float(worth),), {}, pruned=False))
    late = [study.suggest() for _ in range(20)]
    assert sum(idea.learning_rate == 1e-3 and idea.scaling == "constant" for idea in late) > 12


@pytest.mark.parametrize(("others", "generation"), [(15, 0), (16, 1)])
def test_what_others_asked_for_fills_the_first_population(space, others, generation):
    study = study_of(space, "nsga2")
    one = Idea(np.array([2] * 8), 1e-3, "constant", BUDGET, {})
    for number in range(others):
        study.begin(number, one)
        study.end(number, Outcome((float(number),), {}, pruned=False))
    children = [study.suggest() for _ in range(20)]
    assert [[*child.notes.values()] for child in children] == [[generation]] * 20
    like = float(np.mean([child.ranks == one.ranks for child in children]))
    assert (like > 0.6) is (generation == 1)  # else one in four, by chance


def test_a_window_keeps_what_is_running(space):
    study = study_of(space)
    idea = Idea(np.array([2] * 8), 1e-3, "constant", BUDGET, {})
    study.begin(1000, idea)
    for number in range(256):
        study.begin(number, idea)
        study.end(number, Outcome((1.0,), {}, pruned=False))
    assert sorted(states(study)) == [TrialState.RUNNING, *[TrialState.COMPLETE] * 128]
    study.end(1000, Outcome((0.0,), {}, pruned=False))
    assert states(study) == [TrialState.COMPLETE] * 129


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_window_changes_nothing_before_it_is_full_and_bounds_what_is_looked_back_on(
    name, space, monkeypatch
):
    ideas = {}
    for window in (None, 12):
        monkeypatch.setitem(SAMPLERS, name, replace(SAMPLERS[name], window=window))
        study, ideas[window] = study_of(space, name, objectives=2, seed=5), []
        for number in range(40):
            idea = study.suggest()
            study.begin(number, idea)
            study.end(number, Outcome((float(idea.ranks[0]), float(idea.ranks[1])), {}, pruned=False))
            ideas[window].append(idea.ranks.tolist())
            assert window is None or len(states(study)) < window
        told = [trial for trial in study.study.trials if trial.state is TrialState.COMPLETE]
        seen = [[trial.params[site.name] for site in space.sites] for trial in told]
        assert seen == ideas[window][-len(told) :]
    assert ideas[12][:12] == ideas[None][:12]
    assert len({tuple(ranks) for ranks in ideas[12]}) > 30


def _told_name(sampler, study, asked):
    study._storage.set_trial_system_attr(asked._trial_id, "told by", type(sampler).__name__)


def test_a_row_is_all_that_a_sampler_needs(space, monkeypatch):
    """One of its own with notes has them on what others asked for, without a word about it elsewhere."""
    row = Sampler(lambda seed: RandomSampler(seed=seed), window=4, reads_pruned=True, note=_told_name)
    monkeypatch.setitem(SAMPLERS, "own", row)
    study = study_of(space, "own")
    for number in range(3):
        study.begin(number, Idea(np.array([2] * 8), 1e-3, "constant", BUDGET, {}))
        study.end(number, Outcome((0.5,), {1: 0.5}, pruned=True))
    assert states(study) == [TrialState.PRUNED] * 3
    notes = [trial.system_attrs for trial in study.study.trials if trial.state is TrialState.PRUNED]
    assert notes == [{"told by": "RandomSampler"}] * 3


def test_chance_alone_decides_where_nothing_new_is_suggested(space):
    study = study_of(space)
    idea = study.suggest(max_params=BUDGET // 2)
    other = study.restart(idea)
    assert idea.max_params == other.max_params == BUDGET // 2
    assert space.params(space.allocation(other.ranks)) <= BUDGET // 2


def test_a_restart_keeps_the_notes_and_draws_for_a_narrow_site_among_the_ranks_that_it_can_have(make_space):
    space, rng = make_space([(16, 16)] * 4 + [(64, 1)] * 40, (0, 1, 2, 4, 8)), np.random.default_rng(0)
    study = RunningStudy("nsga2", space, RANKS_ALONE, directions=["maximize"], rng=rng)
    idea, twin = study.suggest(), copy.deepcopy(rng)
    restart = study.restart(idea)
    expected = repair(random_ranks(space, rng=twin), space, RANKS_ALONE.max_params, rng=twin)
    assert restart.ranks.tolist() == expected.tolist() != idea.ranks.tolist()
    assert restart.notes == idea.notes != {}


@pytest.fixture(scope="module")
def planted(make_space):
    """40 equal sites whose worths spread widely, twice."""
    space = make_space([(16, 16)] * 40, (0, 1, 2, 4, 8))
    rng = np.random.default_rng(3)
    return [per_unit_of_rank(f"planted{i}", "dense", space, rng.exponential(size=40)) for i in range(2)]


def scored(name, tables, seed=0):
    """96 trials, each scored when it is asked for: the study, and what they were worth, (96, objectives)."""
    space, rng = tables[0].space, np.random.default_rng(seed)
    study = RunningStudy(name, space, RANKS_ALONE, directions=["maximize"] * len(tables), rng=rng)
    values = []
    for number in range(96):
        idea = study.suggest()
        values.append(tuple(table.of(space.allocation(idea.ranks)) for table in tables))
        study.begin(number, idea)
        study.end(number, Outcome(values[-1], {}, pruned=False))
    return study.study, np.array(values)


@pytest.mark.parametrize("objectives", [1, 2])
@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_the_last_third_scores_clearly_above_random(name, objectives, planted):
    _, learned = scored(name, planted[:objectives])
    _, random = scored("random", planted[:objectives])
    last = learned[-32:].mean(axis=0)
    assert (last > random.mean(axis=0) + random.std(axis=0) / objectives).all()


def test_nsga2_breeds_several_generations(planted):
    study, _ = scored("nsga2", planted[:1], seed=1)
    told = study.get_trials(states=[TrialState.COMPLETE])
    generations = [trial.system_attrs["NSGAIISampler:generation"] for trial in told]
    assert np.bincount(generations).tolist() == [16] * 6


class Asking:
    """The same by Optuna's own ``ask``: each trial that it gives fails, what became of it is one more."""

    def __init__(self, space, name, directions, choices, seed):
        rng = np.random.default_rng(seed)
        seed = int(rng.integers(2**32))
        tpe = TPESampler(seed=seed, multivariate=True, constant_liar=True)
        sampler = tpe if name == "tpe" else SAMPLERS[name].make(seed)
        self.study = optuna.create_study(directions=directions, sampler=sampler)
        self.space, self.choices, self.rng, self.running = space, choices, rng, {}

    def suggest(self):
        trial, choices = self.study.ask(), self.choices
        ranks = [trial.suggest_categorical(site.name, self.space.ranks) for site in self.space.sites]
        rate = trial.suggest_categorical("learning_rate", choices.learning_rates)
        rule = trial.suggest_categorical("scaling", choices.scalings)
        budget = round(trial.suggest_float("budget", choices.least_params, choices.max_params, log=True))
        asked = self.study.tell(trial, state=TrialState.FAIL)
        ranks = repair(np.array(ranks), self.space, budget, rng=self.rng)
        became = {**asked.params, "budget": float(budget)}
        became |= dict(zip([site.name for site in self.space.sites], ranks.tolist(), strict=True))
        return (*ranks.tolist(), rate, rule, budget), (became, asked.distributions, asked.system_attrs)

    def add(self, suggested, **more):
        params, distributions, notes = suggested
        trial = create_trial(params=params, distributions=distributions, system_attrs=notes, **more)
        self.study.add_trial(trial)
        return self.study.get_trials(deepcopy=False)[-1].number

    def begin(self, number, suggested):
        self.running[number] = suggested, self.add(suggested, state=TrialState.RUNNING)

    def end(self, number, values, state):
        suggested, here = self.running.pop(number)
        self.study.tell(here, state=TrialState.FAIL)
        self.add(suggested, values=values, state=state, intermediate_values={1: values[0]})


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("objectives", [1, 2])
@pytest.mark.parametrize("least", [BUDGET, BUDGET // 4])
def test_ideas_are_those_of_optunas_own_ask_while_others_are_running(space, name, objectives, least):
    choices = Alternatives((1e-3, 1e-2), ("alpha/r",), least, BUDGET)
    directions = ["minimize"] * objectives
    own = RunningStudy(name, space, choices, directions=directions, rng=np.random.default_rng(5))
    optunas = Asking(space, name, directions, choices, 5)
    reads_pruned = SAMPLERS[name].reads_pruned and objectives == 1
    for number in range(30):  # NSGA-II goes on to a second generation after 16
        for _ in range(2):
            idea, (expected, suggested) = own.suggest(), optunas.suggest()
            assert (*idea.ranks.tolist(), idea.learning_rate, idea.scaling, idea.max_params) == expected
        own.begin(number, idea)
        optunas.begin(number, suggested)
        ended = number - 7 if number % 2 else number - 9  # out of order
        if ended >= 0:
            values, pruned = (float(number * 7 % 5), 1.0)[:objectives], number % 3 == 0
            own.end(ended, Outcome(values, {1: values[0]}, pruned))
            optunas.end(ended, values, TrialState.PRUNED if pruned and reads_pruned else TrialState.COMPLETE)
