"""Sketches against the whole gradient: what they are, and that what is said of their error holds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.measure.batch_pass import batch_pass
from proxies.measure.dense_gradients import dense_gradients
from proxies.measure.sketch import Sketches, left_rows, normal_matrix, sketched_spectrum
from spaces.find_sites import find_sites
from tests.objectives import TWO_CLASSES

ROWS, COLUMNS, K = 30, 40, 9
DRAWS = 300


@pytest.fixture
def g() -> np.ndarray:
    """Singular values 1, 1/2, 1/3, ...: a long tail."""
    rng = np.random.default_rng(0)
    u, v = (np.linalg.qr(rng.normal(size=(d, ROWS)))[0] for d in (ROWS, COLUMNS))
    return u @ np.diag(1 / np.arange(1, ROWS + 1)) @ v.T


def sketches(g: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """G Omega, Psi G and Psi."""
    rng = np.random.default_rng(seed)
    omega, psi = rng.normal(size=(g.shape[1], k)), rng.normal(size=(left_rows(k), g.shape[0]))
    return g @ omega, psi @ g, psi


def spectrum(sketch: tuple[np.ndarray, np.ndarray, np.ndarray]):
    return sketched_spectrum(*map(torch.from_numpy, sketch))


def approximation(right: np.ndarray, left: np.ndarray, psi: np.ndarray) -> np.ndarray:
    """Algorithm 4 as it is printed."""
    q = np.linalg.qr(right)[0]
    return q @ np.linalg.lstsq(psi @ q, left, rcond=None)[0]


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama"])
def test_a_pass_adds_up_the_sketches_of_the_whole_gradient(tiny_model, batches, family):
    model = tiny_model(family)
    sites = find_sites(model, "lora[all]+shortcut")  # gpt2's projections are slices of fused linears
    taker = Sketches(sites, 5, torch.device("cpu"), seed=3)
    batch_pass(model, TWO_CLASSES, sites, batches, [taker])
    whole = dense_gradients(model, TWO_CLASSES, sites, batches)
    for site in sites:
        taken, g = taker.taken(site), whole[site.name]
        omega = normal_matrix(site.d_in, 5, seed=3, name="omega")
        torch.testing.assert_close(taken["right_sketch"], g @ omega, rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(taken["left_sketch"], taken["left_vectors"] @ g, rtol=1e-3, atol=1e-5)


def test_the_spectrum_is_that_of_the_approximation_as_it_is_printed(g):
    sketch = sketches(g, K, 0)
    expected = np.linalg.svd(approximation(*sketch), compute_uv=False)[:K] ** 2
    np.testing.assert_allclose(spectrum(sketch).squares, expected, rtol=1e-8)


@pytest.mark.parametrize("k", [4, 40])
def test_a_gradient_of_no_more_ranks_than_vectors_is_known_exactly(g, k):
    low = g[:, :4] @ np.ones((4, COLUMNS)) if k == 4 else g
    one = spectrum(sketches(low, k, 0))
    exact = np.linalg.svd(low, compute_uv=False) ** 2
    count = min(len(one.squares), len(exact))
    np.testing.assert_allclose(one.squares[:count], exact[:count], atol=1e-10 * exact[0])
    assert one.norm == pytest.approx(np.linalg.norm(low))
    assert one.error < 1e-6


def test_nothing_is_sketched_as_nothing():
    one = spectrum(sketches(np.zeros((6, 5)), 3, 0))
    assert (one.norm, one.error) == (0, 0)


def test_the_squared_norm_and_the_stated_error_are_unbiased(g):
    drawn = [sketches(g, K, seed) for seed in range(DRAWS)]
    found = [spectrum(sketch) for sketch in drawn]
    norms = np.array([one.norm**2 for one in found])
    assert abs(norms.mean() - np.linalg.norm(g) ** 2) < 4 * norms.std() / np.sqrt(DRAWS)
    off = np.array([np.linalg.norm(g - approximation(*sketch)) ** 2 for sketch in drawn])
    stated = np.array([one.error**2 for one in found])
    assert abs(stated.mean() - off.mean()) < 4 * np.hypot(stated.std(), off.std()) / np.sqrt(DRAWS)


@pytest.mark.parametrize("k", [8, 16])
def test_the_gains_of_a_flat_spectrum_are_overstated_by_its_length_over_the_vectors(k):
    d = 64
    orthogonal = np.linalg.qr(np.random.default_rng(0).normal(size=(d, d)))[0]
    found = [np.cumsum(spectrum(sketches(orthogonal, k, seed)).squares) for seed in range(30)]
    times = np.array(found) / np.arange(1, k + 1)
    assert times.min() > 1
    assert times[:, -1].mean() == pytest.approx(d / k, rel=0.1)
    assert (np.diff(times.mean(0)) < 0).all()


def test_norm_and_all_gains_keep_the_theorems_bound(g):
    """Theorem 4.3 bounds E ||G - Q X||^2, Mirsky's theorem the roots of gains by ||G - Q X||."""
    exact = np.linalg.svd(g, compute_uv=False) ** 2
    found = [spectrum(sketches(g, K, seed)) for seed in range(DRAWS)]
    roots = np.sqrt(np.cumsum([one.squares for one in found], axis=1))
    tails = np.array([2 * (1 + r / (K - r - 1)) * exact[r:].sum() for r in range(K - 1)])
    off = (roots - np.sqrt(np.cumsum(exact)[:K])) ** 2
    assert (off.mean(0) <= tails.min()).all()
    stated = np.array([one.error for one in found])
    assert (np.abs([one.norm for one in found] - np.linalg.norm(g)) <= stated).mean() > 0.99
    assert (np.sqrt(off) <= stated[:, None]).mean() > 0.99
