"""Differences paired by seed, against SciPy and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from search.statistics.holm import holm
from search.statistics.interval import Interval
from search.statistics.paired import PairedDifference, holm_corrected


def test_the_interval_is_students_and_the_p_value_is_scipys():
    a, b = np.random.default_rng(0).normal(size=(2, 5))
    test = stats.ttest_rel(a, b)
    found = PairedDifference.of(a.tolist(), b.tolist())
    assert found.interval.mean == pytest.approx((a - b).mean())
    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert found.p_value == found.p_holm == pytest.approx(test.pvalue)
    assert found.of_seeds == pytest.approx(a - b)


def test_pairing_removes_what_the_seeds_share():
    seeds = [10.0, -5.0, 3.0]
    found = PairedDifference.of([value + 1 for value in seeds[:2]] + [4.01], seeds)
    assert found.interval.mean == pytest.approx(1.00333, abs=1e-5)
    assert found.interval.high - found.interval.low < 0.03


def test_differences_that_are_all_equal_do_not_tell_how_they_vary():
    for seeds in ([10.0, -5.0], [10.0, -5.0, 3.0]):
        found = PairedDifference.of([value + 1 for value in seeds], seeds)
        assert found.interval == Interval(1.0, None, None)
        assert (found.p_value, found.shown) == (1.0, False)


def test_differences_of_one_row_are_equal_however_their_metrics_are_rounded():
    rows = 9815
    right = np.array([8200, 8201, 8204])
    one_more, as_they_are = ((right + more) / rows for more in (1, 0))
    found = PairedDifference.of(one_more.tolist(), as_they_are.tolist())
    assert np.ptp(one_more - as_they_are) > 0
    assert (found.interval.low, found.p_value) == (None, 1.0)
    assert "the same for all" in found.doubt


def test_a_seed_that_failed_on_either_side_is_left_out_of_the_pair():
    found = PairedDifference.of((0.8, None, 0.9), (0.7, 0.6, None))
    assert found.interval == Interval(pytest.approx(0.1), None, None)
    assert PairedDifference.of((None, 0.5), (0.7, None)) is None
    assert PairedDifference.of((), ()) is None


def test_one_seed_has_a_difference_but_no_bounds_and_no_p():
    found = PairedDifference.of([2.0], [1.5])
    assert found == PairedDifference(Interval(0.5, None, None), None, (0.5,), None)


def test_a_family_is_corrected_together_and_what_has_no_p_stays():
    lone = PairedDifference.of([1.0], [0.0])
    family = [PairedDifference.of([0.1, 0.2, size], [0.0, 0.0, 0.0]) for size in (0.3, 0.25, 0.9)]
    corrected = holm_corrected([family[0], lone, *family[1:]])
    assert corrected[1] == lone
    assert [one.p_holm for one in (corrected[0], *corrected[2:])] == list(
        holm([one.p_value for one in family])
    )


def test_shown_is_what_three_seeds_say_and_chance_does_not():
    zeros = [0.0] * 3
    assert PairedDifference.of([0.1, 0.11, 0.12], zeros).shown
    assert PairedDifference.of([-0.1, -0.11, -0.12], zeros).shown
    assert PairedDifference.of([0.1, -0.1, 0.2], zeros).doubt == ""
    assert "too few" in PairedDifference.of([0.1, 0.1001], zeros[:2]).doubt
    assert "the same for all" in PairedDifference.of([0.1, 0.1, 0.1], zeros).doubt


def test_what_is_shown_alone_may_not_be_among_many():
    barely = PairedDifference.of([0.720, 0.738, 0.752], [0.70, 0.72, 0.74])
    assert barely.shown
    assert holm_corrected([barely] * 4)[0].doubt == ""


def test_a_shown_gain_ranks_before_a_larger_one_and_enough_seeds_before_too_few():
    zeros = [0.0] * 3
    shown, large, lost, lucky = (
        PairedDifference.of(of_seeds, zeros)
        for of_seeds in ([0.021, 0.021, 0.0212], [0.1, -0.02, 0.06], [-0.2, -0.21, -0.22], [0.9, None, None])
    )
    ranked = sorted([lucky, lost, large, shown], key=lambda one: one.rank("maximize"), reverse=True)
    assert ranked == [shown, large, lost, lucky]
    assert max([shown, lost], key=lambda one: one.rank("minimize")) is lost


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [([1.0], [1.0, 2.0], "shorter|longer"), ([math.nan, 1.0], [1.0, 2.0], "must be finite")],
)
def test_what_cannot_be_paired_is_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        PairedDifference.of(a, b)


@pytest.mark.parametrize(("direction", "gain"), [("maximize", -1.0), ("minimize", 1.0)])
def test_the_gain_is_above_zero_where_the_first_is_the_better(direction, gain):
    assert PairedDifference.of([1.0, 2.0], [2.0, 3.0]).gain(direction) == gain
