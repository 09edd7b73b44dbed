"""The F test is the paired t test of two, and has its level where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.evidence.same_mean import same_mean


def test_of_two_it_is_the_paired_t_test() -> None:
    losses = np.random.default_rng(0).normal(0, 1, (2, 8))
    assert same_mean(losses) == pytest.approx(stats.ttest_rel(*losses).pvalue)


def test_its_level_holds_whatever_seeds_share() -> None:
    rng = np.random.default_rng(1)
    p_values = [same_mean(rng.normal(0, 1, (3, 8)) + 10 * rng.normal(0, 1, 8)) for _ in range(4000)]
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.012)


def test_a_difference_shows() -> None:
    losses = np.random.default_rng(2).normal(0, 0.005, (3, 8)) + np.array([[0.38], [0.36], [0.37]])
    assert same_mean(losses) < 1e-3


def test_rows_that_are_one_are_alike() -> None:
    assert same_mean(np.tile(np.random.default_rng(3).normal(0, 1, 8), (3, 1))) == 1


def test_rows_that_lie_apart_by_the_same_for_every_seed_differ_for_sure() -> None:
    assert same_mean(np.array([[0.5, 0.75], [0.25, 0.5]])) == 0
