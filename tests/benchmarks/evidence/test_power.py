"""The least difference is what simulated experiments show that often."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.evidence.power import least_difference


@pytest.mark.parametrize(("seeds", "tests"), [(8, 1), (8, 10), (3, 1), (4, 38)])
def test_four_of_five_experiments_show_it(seeds: int, tests: int) -> None:
    difference = least_difference(0.004, seeds=seeds, tests=tests)
    samples = np.random.default_rng(0).normal(difference, 0.004, (20_000, seeds))
    p_values = stats.ttest_1samp(samples, 0.0, axis=1).pvalue
    assert np.mean(p_values < 0.05 / tests) == pytest.approx(0.8, abs=0.01)


def test_many_seeds_show_little() -> None:
    assert 0 < least_difference(0.01, seeds=1000) < 0.001
