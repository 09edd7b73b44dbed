"""Summaries, paired intervals and rank correlation, against closed forms and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from search.statistics.over_seeds import Interval, Summary, paired_difference, rank_correlation, said_of_p


def test_a_summary_has_a_sample_standard_deviation_from_two_seeds_on():
    assert Summary.of([0.5]) == Summary(0.5, None, 1)
    assert Summary.of([1.0, 3.0]) == Summary(2.0, pytest.approx(math.sqrt(2)), 2)
    assert str(Summary.of([0.5])) == "0.5000"
    assert str(Summary.of([1.0, 3.0])) == "2.0000 ± 1.4142"


def test_the_paired_interval_is_students():
    a, b = np.random.default_rng(0).normal(size=(2, 5))
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    interval = paired_difference(a.tolist(), b.tolist())
    assert interval.mean == pytest.approx((a - b).mean())
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_pairing_removes_what_the_seeds_share():
    seeds = [10.0, -5.0, 3.0]
    assert paired_difference([value + 1 for value in seeds], seeds) == Interval(1.0, 1.0, 1.0)


def test_one_seed_has_a_difference_but_no_bounds():
    assert paired_difference([2.0], [1.5]) == Interval(0.5, None, None)


def test_rank_correlation_is_spearmans_and_knows_its_limits():
    assert rank_correlation([1, 2, 3, 4], [10, 20, 30, 99]) == pytest.approx(1.0)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
    assert rank_correlation([1, 2], [1, 2]) is None
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None
    assert rank_correlation([1, 2, 3], [5, 5, 5]) is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Summary.of([]), "at least one seed"),
        (lambda: Summary.of([math.nan]), "must be finite"),
        (lambda: paired_difference([1.0], [1.0, 2.0]), "cannot be paired"),
        (lambda: paired_difference([], []), "cannot be paired"),
        (lambda: rank_correlation([1.0], []), "must pair up"),
        (lambda: rank_correlation([1.0, math.inf, 2.0], [1.0, 2.0, 3.0]), "must be finite"),
    ],
)
def test_what_has_no_answer_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("p_value", "said"), [(0.0, "p < 0.001"), (0.0421, "p = 0.042"), (1.0, "p = 1")])
def test_no_p_value_is_said_to_be_zero(p_value, said):
    assert said_of_p(p_value) == said
