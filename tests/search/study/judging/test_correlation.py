"""Correlations of a study and of its replicates, against SciPy and residual regression."""

import math
import tracemalloc

import numpy as np
import pytest
from scipy import stats

from search.statistics.rank_correlation import rank_correlation
from search.study.judging.bootstrap import Resamples, crossed_resamples
from search.study.judging.correlation import (
    kendall,
    partial_replicates,
    partial_spearman,
    pearson_of,
    replicate_correlations,
    weighted_spearman,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def scipy_or_nan(statistic, x, y):
    constant = (x == x[0]).all() or (y == y[0]).all()
    return math.nan if constant else statistic(x, y).statistic


def test_point_estimates_are_scipys_ties_included():
    x, y = rng().integers(0, 6, size=(2, 30)).astype(float)
    assert kendall(x, y) == pytest.approx(stats.kendalltau(x, y).statistic)
    assert pearson_of(x, y) == pytest.approx(stats.pearsonr(x, y).statistic)


@pytest.mark.parametrize(
    ("x", "y"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [0.1, 0.1, 0.1]), ([1, 2], [2, 1]), ([], [])]
)
def test_no_correlation_with_a_constant_or_of_two(x, y):
    x, y = np.array(x, dtype=float), np.array(y, dtype=float)
    assert kendall(x, y) is None
    assert pearson_of(x, y) is None


@pytest.mark.parametrize("scale", [1e-300, 1e-5, 1e300])
def test_pearson_does_not_depend_on_the_scores_scale(scale):
    x, y = rng().normal(size=(2, 20))
    assert pearson_of(x * scale, y) == pytest.approx(pearson_of(x, y))


def test_pearson_of_scores_that_differ_by_rounding_only_is_undefined():
    almost = np.full(10, 1e9)
    almost[3] = np.nextafter(1e9, 2e9)
    assert pearson_of(almost, np.arange(10.0)) is None


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
def test_every_replicate_has_the_correlations_that_scipy_finds_on_its_draws(seeds):
    truth = rng(1).integers(0, 7, size=(12, seeds)) / 40
    scores = np.stack(
        [rng(2).normal(size=12), rng(3).integers(0, 3, size=12), np.ones(12), 1e9 * truth[:, 0]]
    )
    drawn = crossed_resamples(truth, np.zeros(12, dtype=int), resamples=60, rng=rng())
    found = replicate_correlations(scores, drawn)
    for proxy, row in enumerate(scores):
        for i, (draws, seed_set) in enumerate(zip(drawn.draws, drawn.seed_set, strict=True)):
            x, y = row[draws], drawn.truth[seed_set][draws]
            for ours, scipys in [
                (found.spearman, stats.spearmanr),
                (found.kendall, stats.kendalltau),
                (found.pearson, stats.pearsonr),
            ]:
                assert ours[proxy, i] == pytest.approx(scipy_or_nan(scipys, x, y), abs=1e-6, nan_ok=True)


def test_many_allocations_have_the_correlations_of_the_matrices_of_signs():
    """More rows than are held at once, with ties."""
    size = 300
    truth = rng(1).integers(0, 40, size=(size, 2)) / 40
    scores = np.stack([rng(2).normal(size=size), rng(3).integers(0, 9, size=size)])
    drawn = crossed_resamples(truth, np.zeros(size, dtype=int), resamples=20, rng=rng())
    found = replicate_correlations(scores, drawn)
    for i, (row, seed_set) in enumerate(zip(drawn.counts.astype(np.float64), drawn.seed_set, strict=True)):
        of_truth = np.sign(np.subtract.outer(drawn.truth[seed_set], drawn.truth[seed_set]))
        for proxy, values in enumerate(scores):
            signs = np.sign(np.subtract.outer(values, values))
            untied = (row @ np.abs(signs) @ row) * (row @ np.abs(of_truth) @ row)
            assert found.kendall[proxy, i] == row @ (signs * of_truth) @ row / np.sqrt(untied)
            x, y = signs @ row, of_truth @ row
            spearman = (row * x) @ y / np.sqrt(((row * x) @ x) * ((row * y) @ y))
            assert found.spearman[proxy, i] == pytest.approx(spearman, rel=1e-6)


def test_memory_does_not_hold_a_matrix_of_signs_for_each_proxy():
    size, proxies = 400, 40
    truth, scores = rng(1).normal(size=(size, 2)), rng(2).normal(size=(proxies, size))
    drawn = crossed_resamples(truth, np.zeros(size, dtype=int), resamples=20, rng=rng())
    tracemalloc.start()
    replicate_correlations(scores, drawn)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < proxies * size**2 * 4 / 5


def test_weighted_spearman_is_scipys_with_every_allocation_as_often_as_it_was_drawn():
    x, y = rng().integers(0, 6, size=(2, 12)).astype(float)
    drawn = crossed_resamples(y[:, None], np.zeros(12, dtype=int), resamples=30, rng=rng())
    found = weighted_spearman(drawn.counts, x, y)
    for ours, draws in zip(found, drawn.draws, strict=True):
        assert ours == pytest.approx(scipy_or_nan(stats.spearmanr, x[draws], y[draws]), abs=1e-6, nan_ok=True)


def test_a_replicate_of_one_allocation_over_and_over_has_no_correlation():
    draws = np.zeros((1, 4), dtype=int)
    counts = np.array([[4, 0, 0, 0]], dtype=np.float32)
    values = np.array([0.3, 0.1, 0.7, 0.2])
    found = replicate_correlations(values[None], Resamples(draws, counts, values[None], np.array([0])))
    assert np.isnan([found.spearman, found.kendall, found.pearson]).all()


def test_partial_spearman_is_the_correlation_of_what_the_ranks_of_z_leave_unexplained():
    z = rng().normal(size=50)
    x, y = z + rng(1).normal(size=50), z + rng(2).normal(size=50)
    ranks_x, ranks_y, ranks_z = map(stats.rankdata, (x, y, z))
    left_x = ranks_x - np.polyval(np.polyfit(ranks_z, ranks_x, 1), ranks_z)
    left_y = ranks_y - np.polyval(np.polyfit(ranks_z, ranks_y, 1), ranks_z)
    pairs = [rank_correlation(a.tolist(), b.tolist()) for a, b in ((x, y), (x, z), (y, z))]
    assert partial_spearman(*pairs) == pytest.approx(stats.pearsonr(left_x, left_y).statistic)


def test_partial_replicates_are_partial_spearman_one_by_one():
    pairs = np.array([[0.5, 0.2, 0.1], [0.3, 1.0, 0.3], [0.9, 0.5, -0.5], [np.nan, 0.1, 0.1]]).T
    found = partial_replicates(*pairs)
    assert found[[0, 2]].tolist() == [partial_spearman(0.5, 0.2, 0.1), partial_spearman(0.9, 0.5, -0.5)]
    assert np.isnan(found[[1, 3]]).all()


@pytest.mark.parametrize("pairs", [(None, 0.1, 0.1), (0.1, None, 0.1), (0.1, 0.1, None), (0.5, 1.0, 0.5)])
def test_partial_spearman_is_undefined_where_z_explains_all_or_a_pair_is_undefined(pairs):
    assert partial_spearman(*pairs) is None
