"""KERNEL-REGRESSION against ridge regression in the features themselves."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.init.kernel_regression import KernelError
from proxies.measure.evidence import Evidence
from proxies.measure.row_kernels import RowKernels
from proxies.registry import PROXIES, score_sites
from search.allocation.greedy import greedy_allocation
from spaces.errors import InputError
from tests.objectives import TWO_CLASSES

SITES, ROWS, WIDTH = 4, 40, 5


@pytest.fixture
def features() -> np.ndarray:
    """(sites, rows, numbers), of which two sites have the same."""
    drawn = np.random.default_rng(0).standard_normal((SITES, ROWS, WIDTH))
    drawn[1] = drawn[0]
    return drawn


@pytest.fixture
def error(features) -> KernelError:
    """Of losses that the first sites tell."""
    losses = 0.3 * features[0, :, 0] + 0.2 * features[2, :, 1]
    kernels = RowKernels(losses, np.einsum("snk,smk->snm", features, features).astype(np.float32))
    return KernelError.of(kernels, np.array([1.0, 1.0, 2.0, 0.5]), np.full(SITES, 8))


@pytest.mark.parametrize("ranks", [[0, 0, 1, 0], [1, 2, 0, 3], [8, 8, 8, 8]])
def test_the_error_is_that_of_ridge_regression_on_every_second_row(features, error, ranks):
    weights = np.sqrt(np.array(ranks) * [1.0, 1.0, 2.0, 0.5])
    x = np.concatenate([one * weight for one, weight in zip(features, weights, strict=True)], axis=1)
    errors = []
    for held in (np.arange(ROWS) % 2 == 0, np.arange(ROWS) % 2 == 1):
        seen, y = x[~held], error.losses
        ridge = (seen**2).sum(1).mean()
        fit = np.linalg.solve(seen.T @ seen + ridge * np.eye(x.shape[1]), seen.T @ y[~held])
        errors.append(np.mean((y[held] - x[held] @ fit) ** 2))
    assert error.at(np.array(ranks))[0] == pytest.approx(np.mean(errors), rel=1e-5)


def test_a_kernel_that_relates_no_rows_accounts_for_nothing_of_an_odd_number_of_them():
    error = KernelError(np.eye(3, dtype=np.float32)[None], np.array([0.0, 1.0, 0.0]), np.array([8]))
    assert error.worths(np.array([[1]])) == pytest.approx([0])
    assert error.at(np.array([1.0]))[0] == pytest.approx(1 / 3)


def test_how_large_kernels_are_makes_no_difference(error):
    small, large = error.worths(np.array([[1, 2, 0, 1], [2, 4, 0, 2]]))
    assert small == pytest.approx(large, rel=1e-5)


def test_slopes_are_those_of_the_error(error):
    ranks, step = np.array([1.0, 2.0, 0.5, 3.0]), 1e-2
    for site, slope in enumerate(error.at(ranks)[1]):
        sides = [error.at(ranks + sign * step * np.eye(SITES)[site])[0] for sign in (1, -1)]
        assert slope == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=2e-2, abs=1e-5)


def test_sites_that_say_the_same_are_worth_less_beside_each_other(error):
    first, second, both = error.worths(np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0]]))
    assert first == pytest.approx(second)
    assert both == pytest.approx(first)
    assert error.worths(np.array([[1, 0, 1, 0]]))[0] > both > 0  # another one adds what it tells


def test_nothing_on_is_worth_nothing_and_a_rank_above_the_highest_no_more(error):
    nothing, most, above = error.worths(np.array([[0] * SITES, [8] * SITES, [99] * SITES]))
    assert nothing == 0
    assert above == most


def test_an_allocation_scores_what_its_sites_do_together(evidence):
    (scores,) = score_sites([PROXIES["kernel_regression"]], evidence)
    space = evidence.space
    ranks = np.random.default_rng(1).choice([0, 1, 2, 3], size=(5, len(space.sites)))
    factor = evidence.scaling.factor
    factors = np.array([factor(site.kind, evidence.initial_rank(site)) ** 2 for site in space.sites])
    expected = KernelError.of(evidence.row_kernels, factors, space.highest).worths(ranks)
    np.testing.assert_allclose(scores.of_rank_vectors(ranks), expected)
    assert [scores.of(space.allocation(row)) for row in ranks] == pytest.approx(expected.tolist())


def test_all_steps_together_are_worth_what_everything_is(evidence):
    (scores,) = score_sites([PROXIES["kernel_regression"]], evidence)
    everything = evidence.space.highest[None]
    assert scores.by_rank[:, -1].sum() == pytest.approx(scores.of_rank_vectors(everything)[0], rel=1e-6)


def test_greedy_takes_the_best_first_step(evidence):
    (scores,) = score_sites([PROXIES["kernel_regression"]], evidence)
    space = evidence.space
    first = greedy_allocation(scores, max_params=10**9, rng=np.random.default_rng(0))
    eye = np.eye(len(space.sites), dtype=np.int64)
    slopes = scores.of_rank_vectors(eye) / [site.cost_per_rank for site in space.sites]
    assert dict(first.ranks).get(space.sites[int(slopes.argmax())].name, 0) > 0 or slopes.max() <= 0


def test_one_row_cannot_be_held(evidence, batches):
    alone = Evidence(evidence.model, TWO_CLASSES, [batches[0].take(slice(1))], evidence.space, seed=0)
    with pytest.raises(InputError, match="proxy kernel_regression holds rows and was given one"):
        score_sites([PROXIES["kernel_regression"]], alone)
