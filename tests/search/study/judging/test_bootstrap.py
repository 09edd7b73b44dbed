"""The crossed bootstrap's draws and intervals, by hand and by theory."""

import math

import numpy as np
import pytest

from search.study.judging.bootstrap import (
    correlation_estimate,
    crossed_resamples,
    difference_estimate,
    range_estimate,
)
from search.study.judging.report_card import Estimate


def rng():
    return np.random.default_rng(0)


def test_a_replicate_draws_as_many_allocations_from_each_stratum_as_it_has():
    strata = np.array([0, 1, 0, 1, 1])
    drawn = crossed_resamples(rng().normal(size=(5, 3)), strata, resamples=300, rng=rng())
    assert ((strata[drawn.draws] == 0).sum(axis=1) == 2).all()
    assert drawn.counts.sum(axis=0).min() > 200
    for draws, counts in zip(drawn.draws[:20], drawn.counts[:20], strict=True):
        assert counts.tolist() == np.bincount(draws, minlength=5).tolist()


def test_members_of_a_cluster_are_drawn_together():
    strata, clusters = np.array([0, 0, 0, 1, 1, 1]), np.array([7, 8, 9, 9, 8, 5])
    drawn = crossed_resamples(rng().normal(size=(6, 2)), strata, clusters, resamples=200, rng=rng())
    assert (drawn.counts[:, 1] == drawn.counts[:, 4]).all()
    assert (drawn.counts[:, 2] == drawn.counts[:, 3]).all()
    assert (drawn.counts[:, :3].sum(axis=1) == 3).all()
    assert set(drawn.counts[:, 1].tolist()) == {0, 1, 2}


def test_the_replicates_of_three_seeds_share_ten_means_in_multinomial_shares():
    truth = rng().normal(size=(4, 3))
    drawn = crossed_resamples(truth, np.zeros(4, dtype=int), resamples=4000, rng=rng())
    shares = {}
    for mean, rows in drawn.by_seed_set():
        shares[round(float(mean[0]), 9)] = len(rows) / 4000
    assert len(shares) == 10
    assert shares[round(float(truth[0].mean()), 9)] == pytest.approx(6 / 27, abs=0.03)
    assert shares[round(float(truth[0, 1]), 9)] == pytest.approx(1 / 27, abs=0.015)


def test_one_resample_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        crossed_resamples(np.zeros((4, 2)), np.zeros(4, dtype=int), resamples=1, rng=rng())


def test_the_interval_of_a_correlation_is_symmetric_in_z_around_the_value():
    replicates = np.tanh(rng().normal(0.2, 0.3, size=100_000))
    estimate = correlation_estimate(0.5, replicates, 50)
    assert math.atanh(estimate.low) == pytest.approx(math.atanh(0.5) - 1.96 * 0.3, abs=0.01)
    assert math.atanh(estimate.high) == pytest.approx(math.atanh(0.5) + 1.96 * 0.3, abs=0.01)


@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_the_interval_of_a_perfect_correlation_is_finite_and_holds_it(value):
    estimate = correlation_estimate(value, np.full(100, value), 8)
    assert estimate.low <= value <= estimate.high
    assert estimate.high - estimate.low < 0.02


def test_replicates_without_a_correlation_are_left_out():
    some = np.array([0.1, np.nan, 0.5, 0.3])
    assert correlation_estimate(0.3, some, 9) == correlation_estimate(0.3, some[[0, 2, 3]], 9)
    assert difference_estimate(0.3, some) == difference_estimate(0.3, some[[0, 2, 3]])


@pytest.mark.parametrize(
    ("value", "replicates"), [(None, [0.1, 0.2]), (0.4, [np.nan, np.nan]), (0.4, [0.4, np.nan])]
)
def test_what_is_undefined_has_no_interval(value, replicates):
    assert correlation_estimate(value, np.array(replicates), 9) == Estimate(value, None, None)
    assert difference_estimate(value, np.array(replicates)) == Estimate(value, None, None)


def test_the_interval_of_a_difference_is_normal_and_stays_within_two():
    replicates = rng().normal(9, 0.1, size=100_000)
    estimate = difference_estimate(0.3, replicates)
    assert (estimate.low, estimate.high) == pytest.approx((0.3 - 0.196, 0.3 + 0.196), abs=0.002)
    assert difference_estimate(1.9, replicates).high == 2.0


def test_the_range_is_of_percentiles_and_holds_the_value():
    replicates = np.linspace(0, 1, 1001)
    assert range_estimate(0.5, replicates) == Estimate(0.5, pytest.approx(0.025), pytest.approx(0.975))
    assert range_estimate(1.0, replicates).high == 1.0
