"""The mean over seeds, and that sums in another order stay ties."""

import numpy as np
import pytest

from search.study.judging.mean_truth import mean_over_seeds


def test_the_mean_is_over_the_seeds_drawn_repeats_included():
    truth = np.array([[1.0, 2.0, 6.0], [0.0, 3.0, 3.0]])
    np.testing.assert_allclose(mean_over_seeds(truth, np.arange(3)), [3, 2])
    np.testing.assert_allclose(mean_over_seeds(truth, np.array([[0, 0, 2], [1, 1, 1]])), [[8 / 3, 1], [2, 3]])


@pytest.mark.parametrize("unit", [1e-200, 1e-6, 1.0, 1e6])
def test_equal_accuracies_tie_whatever_the_order_of_their_seeds(unit):
    forward = np.random.default_rng(0).integers(600, 700, size=(200, 3)) / 872 * unit
    backward = forward[:, ::-1]
    assert (forward.mean(axis=1) != backward.mean(axis=1)).any()
    means = mean_over_seeds(np.concatenate([forward, backward]), np.arange(3))
    assert means[:200].tolist() == means[200:].tolist()


def test_all_zero_truth_is_zero():
    assert mean_over_seeds(np.zeros((2, 3)), np.arange(3)).tolist() == [0, 0]
