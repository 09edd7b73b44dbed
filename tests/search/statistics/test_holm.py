"""Holm's correction, by hand and by what it promises."""

import math

import numpy as np
import pytest

from search.statistics.holm import holm


def test_each_is_multiplied_by_how_many_are_left():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_a_larger_p_value_never_ends_below_a_smaller_one_nor_above_1():
    assert holm([0.02, 0.021, 0.9]) == pytest.approx((0.06, 0.06, 0.9))
    assert holm([0.6, 0.7]) == (1.0, 1.0)


def test_one_is_left_as_it_is_and_none_is_none():
    assert holm([0.03]) == (0.03,)
    assert holm([]) == ()


def test_the_family_errs_in_at_most_five_percent():
    families = np.random.default_rng(0).uniform(size=(4000, 20))
    errors = np.mean([min(holm(family)) < 0.05 for family in families])
    assert 0.04 < errors < 0.06  # independent nulls: 1 - 0.9975^20 = 4.9 %


def test_it_is_never_more_timid_than_bonferroni():
    p_values = np.random.default_rng(0).uniform(size=30)
    assert (np.array(holm(p_values)) <= np.minimum(1, 30 * p_values)).all()


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_is_refused(value):
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        holm([0.5, value])
