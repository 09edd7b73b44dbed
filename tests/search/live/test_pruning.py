"""Who goes on is who goes on by Optuna's own pruners, but for the baselines that lead."""

from __future__ import annotations

import zlib
from itertools import pairwise

import numpy as np
import optuna
import pytest
from optuna.pruners import HyperbandPruner, SuccessiveHalvingPruner

from search.live.ladder import Ladder
from search.live.live_trial import LiveTrial, Report
from search.live.pruning import Competition, find_pruner
from search.sampling.configuration import Configuration
from search.sampling.proposer import UNIFORM
from spaces.allocation import Allocation
from spaces.errors import UsageError

LADDER = Ladder(90, 3, 2)


def trial_of(number: int, *values: float, params: int = 100, baseline: bool = False) -> LiveTrial:
    """A trial that came to as many rungs as there are values."""
    configuration = Configuration(Allocation.of({"layers.0.q": number + 1}), 1e-3, "alpha/r")
    reports = tuple(
        Report(rung, LADDER.rungs_at[rung], 90, 0.0, value, value) for rung, value in enumerate(values)
    )
    return LiveTrial(number, configuration, (UNIFORM,), params, (), reports, baseline=baseline)


def goes_on(competition: Competition, trial: LiveTrial) -> bool:
    """Whether a trial that came to its rung alone is trained further."""
    return competition.going_on([trial]) == {trial.number}


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("halving", SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)),
        ("hyperband", HyperbandPruner(min_resource=1, max_resource=9, reduction_factor=3)),
    ],
)
def test_decisions_are_optuna_s_in_whatever_order_trials_come_to_their_rungs(name, theirs):
    rng = np.random.default_rng(0)
    study = optuna.create_study(study_name="rankscape", pruner=theirs)
    ours = Competition(name, LADDER, "minimize")
    values = rng.random((40, 2))
    asked = []
    for number in range(40):
        ours.enter(trial_of(number))
        asked.append(study.ask())
    alive = [(number, 0) for number in range(40)]
    decided = []
    while alive:
        number, rung = alive.pop(int(rng.integers(len(alive))))
        asked[number].report(float(values[number, rung]), (1, 3)[rung])
        wanted = not asked[number].should_prune()
        assert goes_on(ours, trial_of(number, *values[number, : rung + 1])) == wanted
        decided.append(wanted)
        if wanted and rung == 0:
            alive.append((number, 1))
    assert 8 <= sum(decided) < len(decided) - 8


def test_larger_is_better_where_it_is():
    competition = Competition("halving", LADDER, "maximize")
    for number in range(6):
        competition.enter(trial_of(number))
    assert [goes_on(competition, trial_of(n, v)) for n, v in enumerate((5, 4, 3, 6, 1, 2))] == [
        True,
        False,
        False,
        True,
        False,
        False,
    ]


def test_the_best_baseline_so_far_goes_on_and_no_other_for_its_sake():
    competition = Competition("halving", LADDER, "minimize")
    for number in range(5):
        competition.enter(trial_of(number))
    assert goes_on(competition, trial_of(0, 0.1))
    assert goes_on(competition, trial_of(1, 0.8, baseline=True))  # the first of them
    assert not goes_on(competition, trial_of(2, 0.9, baseline=True))
    assert goes_on(competition, trial_of(3, 0.7, baseline=True))
    assert not goes_on(competition, trial_of(4, 0.5))


@pytest.mark.parametrize("eta", [2, 3, 4])
@pytest.mark.parametrize("count", [1, 4, 9, 32, 64])
def test_of_trials_that_come_to_a_rung_together_the_best_of_eta_go_on(eta, count):
    ladder = Ladder(96, eta, 2)
    competition = Competition("halving", ladder, "minimize")
    values = np.random.default_rng(eta).permutation(count)
    for number in range(count):
        competition.enter(trial_of(number))
    going = competition.going_on([trial_of(number, float(value)) for number, value in enumerate(values)])
    assert sorted(values[list(going)]) == list(range(max(1, count // eta)))


def test_of_each_bracket_that_comes_to_a_rung_together_the_best_of_eta_go_on():
    count, shares = 60, (9, 5, 3)  # 3 * 9 / 3, 3 * 3 / 2 rounded up, and 3 * 1 / 1
    competition = Competition("hyperband", LADDER, "minimize")
    for number in range(count):
        competition.enter(trial_of(number))
    drawn = {number: zlib.crc32(f"rankscape_{number}".encode()) % sum(shares) for number in range(count)}
    alive, values = set(drawn), np.random.default_rng(0).random((count, 2))
    for rung in (0, 1):
        going = competition.going_on([trial_of(number, *values[number, : rung + 1]) for number in alive])
        wanted = {number for number in alive if drawn[number] >= sum(shares[: rung + 1])}
        for least, below in pairwise((0, 9, 14)[: rung + 2]):
            pool = sorted((n for n in alive if least <= drawn[n] < below), key=lambda n: values[n, rung])
            wanted |= set(pool[: len(pool) // 3])
        assert going == wanted
        alive = going


def test_later_ones_that_come_together_compete_with_all_who_stood_there():
    competition = Competition("halving", LADDER, "minimize")
    for number in range(30):
        competition.enter(trial_of(number))
    good, bad = range(12), range(12, 30)
    assert competition.going_on([trial_of(n, n / 100) for n in good]) == {0, 1, 2, 3}
    assert competition.going_on([trial_of(n, 1 + n / 100) for n in bad]) == set()


def test_of_baselines_that_come_together_only_the_best_goes_on_for_its_own_sake():
    competition = Competition("halving", LADDER, "minimize")
    for number in range(9):
        competition.enter(trial_of(number))
    values = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9, 0.8, 0.7)
    judged = [trial_of(n, value, baseline=n >= 6) for n, value in enumerate(values)]
    assert competition.going_on(judged) == {0, 1, 2, 8}


def test_behind_all_baselines_the_best_of_the_others_goes_on_too():
    competition = Competition("halving", LADDER, "minimize")
    for number in range(5):
        competition.enter(trial_of(number))
    values = (0.1, 0.2, 0.3, 0.9, 0.5)
    judged = [trial_of(n, value, baseline=n < 3) for n, value in enumerate(values)]
    assert competition.going_on(judged) == {0, 4}


def test_apart_trials_compete_with_their_like_in_size():
    competition = Competition("halving", LADDER, "minimize", apart=1000)
    sizes = (1000, 900, 501, 500, 260, 250)
    for number, params in enumerate(sizes):
        competition.enter(trial_of(number, params=params))
    values = (0.1, 0.2, 0.3, 0.8, 0.9, 0.95)
    ends = [
        goes_on(competition, trial_of(n, value, params=params))
        for n, (value, params) in enumerate(zip(values, sizes, strict=True))
    ]
    assert ends == [True, False, False, True, False, True]


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(UsageError, match="median"):
        find_pruner("median")
