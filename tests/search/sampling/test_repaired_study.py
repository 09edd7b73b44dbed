"""A sampler behind repair sees repaired vectors only, and learns from them."""

import copy

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from proxies.site_scores import per_unit_of_rank
from search.allocation.random_allocation import random_ranks
from search.allocation.repair import repair
from search.run.settings import SearchSettings
from search.sampling.repaired_study import RepairedStudy, quiet_optuna
from search.sampling.samplers import SAMPLERS, WINDOWS

TRIALS, BUDGET = 96, 40 * 32 * 2


def run(name, space, tables, seed):
    study = RepairedStudy(
        space, BUDGET, objectives=len(tables), make=SAMPLERS[name], rng=np.random.default_rng(seed)
    )
    values = []
    for _ in range(TRIALS):
        suggestion = study.suggest()
        values.append([table.of(space.allocation(suggestion.ranks)) for table in tables])
        study.tell(suggestion, values[-1])
    return study.study, np.array(values)


@pytest.fixture(scope="module")
def planted(make_space):
    """40 equal sites whose worths spread widely, twice."""
    space = make_space([(16, 16)] * 40, (0, 1, 2, 4, 8))
    rng = np.random.default_rng(3)
    return space, [
        per_unit_of_rank(f"planted{i}", "dense", space, rng.exponential(size=40)) for i in range(2)
    ]


@pytest.mark.parametrize("objectives", [1, 2])
@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_the_last_third_scores_clearly_above_random(name, objectives, planted):
    space, tables = planted
    _, learned = run(name, space, tables[:objectives], seed=0)
    _, random = run("random", space, tables[:objectives], seed=0)
    last = learned[-TRIALS // 3 :].mean(axis=0)
    assert (last > random.mean(axis=0) + random.std(axis=0) / objectives).all()


def test_the_sampler_is_told_what_its_suggestion_became(planted):
    space, tables = planted
    study, _ = run("nsga2", space, tables[:1], seed=1)
    told = study.get_trials(states=[TrialState.COMPLETE])
    assert len(told) == TRIALS
    assert all(sum(trial.params.values()) * 32 <= BUDGET for trial in told)
    assert not any(trial.values for trial in study.get_trials(states=[TrialState.FAIL]))


def test_nsga2_breeds_several_generations(planted):
    space, tables = planted
    study, _ = run("nsga2", space, tables[:1], seed=1)
    told = study.get_trials(states=[TrialState.COMPLETE])
    generations = [trial.system_attrs["NSGAIISampler:generation"] for trial in told]
    assert np.bincount(generations).tolist() == [16] * 6


def test_a_restart_is_random_and_keeps_the_sampler_s_notes(planted):
    space, _ = planted
    study = RepairedStudy(space, BUDGET, objectives=1, make=SAMPLERS["nsga2"], rng=np.random.default_rng(0))
    suggestion = study.suggest()
    restart = study.restart(suggestion)
    assert (restart.ranks != suggestion.ranks).any()
    assert restart.notes == suggestion.notes != {}


def test_a_restart_draws_for_a_narrow_site_among_the_ranks_that_it_can_have(make_space):
    space, rng = make_space([(16, 16)] * 4 + [(64, 1)] * 40, (0, 1, 2, 4, 8)), np.random.default_rng(0)
    study = RepairedStudy(space, BUDGET, objectives=1, make=SAMPLERS["random"], rng=rng)
    suggestion, twin = study.suggest(), copy.deepcopy(rng)
    expected = repair(random_ranks(space, rng=twin), space, BUDGET, rng=twin)
    assert study.restart(suggestion).ranks.tolist() == expected.tolist()


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_window_changes_nothing_before_it_is_full_and_bounds_what_is_looked_back_on(name, planted):
    space, tables = planted
    seen = {}
    for window in (None, 12):
        make, rng = SAMPLERS[name], np.random.default_rng(5)
        study = RepairedStudy(space, BUDGET, objectives=2, make=make, rng=rng, window=window)
        seen[window] = []
        for _ in range(40):
            suggestion = study.suggest()
            study.tell(suggestion, [table.of(space.allocation(suggestion.ranks)) for table in tables])
            seen[window].append(suggestion.ranks.tolist())
            told = study.study.get_trials(states=[TrialState.COMPLETE])
            assert window is None or len(told) < window
        assert [list(trial.params.values()) for trial in told] == seen[window][-len(told) :]
    assert seen[12][:12] == seen[None][:12]
    assert len({tuple(ranks) for ranks in seen[12]}) > 30


def test_tpe_looks_back_on_a_bounded_number_and_the_default_number_of_trials_is_below_it():
    assert SearchSettings().proposals < WINDOWS["tpe"] <= 512


def test_optuna_is_quiet_only_inside():
    before = optuna.logging.get_verbosity()
    with quiet_optuna():
        assert optuna.logging.get_verbosity() >= optuna.logging.WARNING
    assert optuna.logging.get_verbosity() == before
