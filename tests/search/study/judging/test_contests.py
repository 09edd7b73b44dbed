"""Allocations against the uniform one, by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from search.statistics.holm import holm
from search.statistics.interval import Interval
from search.statistics.paired import PairedDifference
from search.study.judging.contests import contests
from tests.search.study.drawn_by import drawn_by
from tests.search.study.made_contest import made_contest

UNIFORM = [0.5, 0.6, 0.7]


def test_each_allocation_is_paired_with_the_uniform_one_and_the_best_comes_first():
    truth = np.array([[0.4, 0.6, 0.8], UNIFORM, [0.6, 0.7, 0.8]])
    chance, picks = drawn_by("random"), drawn_by("snip/greedy", "snip/exact")
    found = contests(truth, [chance, drawn_by("topk", "uniform"), picks])
    assert [contest.origins for contest in found] == [picks, chance]
    assert found[0].truth == pytest.approx(0.7)
    assert found[0].difference.interval.mean == pytest.approx(0.1)
    assert found[1].difference.interval == PairedDifference.of([0.4, 0.6, 0.8], UNIFORM).interval


def test_p_values_are_scipys_paired_tests_corrected_for_their_number():
    truth = np.array([UNIFORM, [0.6, 0.71, 0.79], [0.4, 0.7, 0.6], [0.7, 0.79, 0.91]])
    found = contests(truth, [drawn_by("uniform"), drawn_by("a"), drawn_by("b"), drawn_by("c")])
    p_values = [stats.ttest_rel(truth[row], truth[0]).pvalue for row in (3, 1, 2)]
    assert [contest.difference.p_holm for contest in found] == pytest.approx(holm(p_values))
    assert [contest.won for contest in found] == [True, True, False]


def test_the_best_of_many_that_are_no_better_has_not_won():
    truth = np.random.default_rng(0).normal(size=(64, 3))
    found = contests(truth, [drawn_by("uniform")] + [drawn_by("random")] * 63)
    assert any(contest.difference.interval.low > 0 for contest in found)
    assert not any(contest.won for contest in found)


def test_differences_that_are_all_equal_are_no_evidence():
    truth = np.array([UNIFORM, [0.55, 0.65, 0.75]])
    (contest,) = contests(truth, [drawn_by("uniform"), drawn_by("random")])
    assert contest.difference.p_holm == 1
    assert not contest.won


def test_two_seeds_show_nothing_however_small_their_p():
    truth = np.array([UNIFORM[:2], [0.5 + 0.1, 0.6 + 0.1001]])
    (contest,) = contests(truth, [drawn_by("uniform"), drawn_by("random")])
    assert contest.difference.p_holm < 0.001
    assert not contest.won


def test_a_contest_is_written_with_the_texts_of_who_drew_it():
    truth = np.array([UNIFORM, [0.55, 0.65, 0.75]])
    (contest,) = contests(truth, [drawn_by("uniform"), drawn_by("random", "snip/greedy")])
    assert contest.to_json() == {
        "origins": ["random", "snip/greedy"],
        "truth": pytest.approx(0.65),
        "difference": {"mean": pytest.approx(0.05), "low": None, "high": None},
        "p_holm": 1.0,
    }


def test_a_significant_loss_is_no_win():
    assert not made_contest(("random",), 0.1, Interval(-0.2, -0.3, -0.1), 0.01).won


def test_only_seeds_that_both_finished_are_compared():
    truth = np.array(
        [[0.5, math.nan, 0.7], [math.nan, 0.9, 0.9], [0.1, math.nan, math.nan], [math.nan, 1, math.nan]]
    )
    found = contests(truth, [drawn_by("uniform"), drawn_by("random"), drawn_by("random"), drawn_by("random")])
    assert [(one.truth, one.difference.of_seeds) for one in found] == [
        (0.9, (pytest.approx(0.2),)),
        (0.1, (pytest.approx(-0.4),)),
    ]
    assert [one.difference.failed for one in found] == [(1, 1), (1, 0)]


def test_who_fails_where_uniform_does_not_has_not_won():
    uniform = [0.80, 0.81, 0.79, 0.80, 0.80]
    ahead = [0.90, 0.905, 0.896, 0.899, 0.9]
    origins = [drawn_by("uniform"), drawn_by("random")]
    (steady,) = contests(np.array([uniform, ahead]), origins)
    (lucky,) = contests(np.array([uniform, [*ahead[:3], math.nan, math.nan]]), origins)
    (alone,) = contests(np.array([[*uniform[:3], math.nan, math.nan], ahead]), origins)
    assert [steady.won, lucky.won, alone.won] == [True, False, True]


def test_without_a_uniform_allocation_there_is_no_contest():
    assert contests(np.ones((2, 3)), [drawn_by("random"), drawn_by("top-heavy")]) == ()


def test_two_uniform_allocations_are_not_of_one_stratum():
    with pytest.raises(ValueError, match="a stratum of its own"):
        contests(np.ones((2, 3)), [drawn_by("uniform"), drawn_by("uniform")])
