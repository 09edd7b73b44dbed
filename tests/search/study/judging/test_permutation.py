"""Permutation p-values, against SciPy's and by counting."""

import math

import numpy as np
import pytest
from scipy import stats

from search.study.judging.permutation import permutation_p_values


def p_values(scores, truth, strata=None, **kwargs):
    strata = np.zeros(len(truth), dtype=int) if strata is None else np.array(strata)
    return permutation_p_values(
        np.array(scores, dtype=float),
        np.array(truth, dtype=float),
        strata,
        rng=np.random.default_rng(0),
        **kwargs,
    )


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.6])
def test_it_is_scipys_permutation_test_of_pairings(slope):
    x = np.random.default_rng(1).integers(0, 9, size=20)
    y = slope * x + np.random.default_rng(2).normal(size=20)

    def rho(shuffled):
        return stats.spearmanr(shuffled, y).statistic

    theirs = stats.permutation_test(
        (x,),
        rho,
        permutation_type="pairings",
        vectorized=False,
        n_resamples=1000,
        rng=np.random.default_rng(3),
    ).pvalue
    assert p_values([x], y)[0] == pytest.approx(theirs, abs=0.04)


def test_a_perfect_order_of_five_is_one_of_120_either_way():
    p_value = p_values([[1, 2, 3, 4, 5]], [10, 20, 30, 40, 50], permutations=40_000)
    assert p_value[0] == pytest.approx(2 / math.factorial(5), abs=0.002)


def test_the_best_that_can_be_had_is_one_in_ten_thousand():
    assert p_values([np.arange(40), -np.arange(40)], np.arange(40)).tolist() == [1e-4, 1e-4]


def test_a_constant_side_has_no_evidence():
    assert p_values([np.ones(9)], np.arange(9)).tolist() == [1.0]


def test_permuting_within_strata_gives_no_credit_for_telling_strata_apart():
    truth, strata = np.arange(20), np.repeat([0, 1], 10)
    only_strata = [strata]
    assert p_values(only_strata, truth, strata)[0] == 1.0
    assert p_values(only_strata, truth)[0] < 0.001


def test_a_cluster_is_moved_as_a_whole_and_so_is_one_piece_of_evidence():
    scores, truth = np.tile(np.arange(4), 3), np.tile(np.arange(4), 3)
    strata, clusters = np.repeat([0, 1, 2], 4), np.tile(np.arange(4), 3)
    alone = p_values([np.arange(4)], np.arange(4))[0]
    assert p_values([scores], truth, strata, clusters=clusters)[0] == pytest.approx(alone, abs=0.01)
    assert p_values([scores], truth, strata)[0] < 0.01


def test_p_values_of_unrelated_scores_are_uniform():
    rng = np.random.default_rng(4)
    found = p_values(rng.normal(size=(1000, 12)), rng.normal(size=12))
    assert stats.kstest(found, "uniform").pvalue > 0.01


@pytest.mark.parametrize("clusters", [None, [0, 1, 2, 3, 4, 5, 0, 1, 2, 6, 7, 8]])
def test_how_many_permutations_are_in_memory_changes_nothing(clusters):
    truth, strata = np.random.default_rng(1).normal(size=12), np.repeat([0, 1], 6)
    scores = np.random.default_rng(2).normal(size=(3, 12)) + truth
    clusters = None if clusters is None else np.array(clusters)
    found = []
    for at_once in (7, 1000):
        drawn = {"rng": np.random.default_rng(0), "permutations": 100, "at_once": at_once}
        found.append(permutation_p_values(scores, truth, strata, clusters, **drawn))
    assert found[0].tolist() == found[1].tolist()
