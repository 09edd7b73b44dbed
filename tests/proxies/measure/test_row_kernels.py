"""Kernels of rows against each row's own gradient of B."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.measure.dense_gradients import dense_gradients
from proxies.measure.row_kernels import row_kernels
from spaces.find_sites import find_sites
from spaces.wires import initial_a
from tests.objectives import TWO_CLASSES

RANK = 3


@pytest.fixture
def sites_and_kernels(tiny_model, batches):
    """A function that measures kernels of a tiny model: model, sites, and what was measured."""

    def measure(**settings):
        model = tiny_model("bert")
        sites = find_sites(model, "lora[all]+shortcut")
        first = {site.name: torch.from_numpy(initial_a(site, RANK, seed=5)) for site in sites}
        return model, sites, row_kernels(model, TWO_CLASSES, sites, batches, first, seed=0, **settings)

    return measure


def kernels_by_hand(model, sites, batches) -> np.ndarray:
    """(sites, rows, rows), from a backward pass of each row."""
    rows = [batch.take(slice(row, row + 1)) for batch in batches for row in range(len(batch))]
    of_rows = [dense_gradients(model, TWO_CLASSES, sites, [row]) for row in rows]
    found = []
    for site in sites:
        a = torch.from_numpy(initial_a(site, RANK, seed=5))
        of_b = torch.stack([(g[site.name] @ a.T).flatten() for g in of_rows])
        found.append((of_b @ of_b.T / RANK).numpy())
    return np.array(found)


def test_a_kernel_is_of_the_rows_gradients_by_b(sites_and_kernels, batches):
    model, sites, found = sites_and_kernels(width=10**6)
    scale = np.abs(found.of_sites).max()
    np.testing.assert_allclose(
        found.of_sites, kernels_by_hand(model, sites, batches), atol=1e-4 * scale, rtol=1e-3
    )
    losses = [TWO_CLASSES.losses(model, batch).sums for batch in batches]
    np.testing.assert_allclose(found.losses, torch.cat(losses).detach().numpy(), rtol=1e-5)


def test_a_sketch_keeps_kernels_as_nearly_as_it_is_wide(sites_and_kernels, batches):
    model, sites, found = sites_and_kernels(width=16)
    exact = kernels_by_hand(model, sites, batches)
    norms = np.sqrt(np.einsum("sii->si", exact))
    off = (found.of_sites - exact) / (norms[:, :, None] * norms[:, None, :])
    assert 0 < np.sqrt((off**2).mean()) < 2 / np.sqrt(16)


def test_only_the_first_rows_are_compared(sites_and_kernels):
    _, _, some = sites_and_kernels(rows=3)
    _, _, whole = sites_and_kernels()
    assert some.losses.shape == (3,)
    np.testing.assert_allclose(some.of_sites, whole.of_sites[:, :3, :3], rtol=1e-4, atol=1e-8)
