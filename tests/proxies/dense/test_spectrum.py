"""The spectrum against a singular value decomposition."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.registry import PROXIES, score_sites


def test_spectrum_sums_the_largest_squared_singular_values_and_is_concave(evidence):
    (scores,) = score_sites([PROXIES["spectrum"]], evidence)
    for row, site in zip(scores.by_rank, evidence.space.sites, strict=True):
        squares = np.linalg.svd(evidence.gradients[site.name].double().numpy(), compute_uv=False) ** 2
        np.testing.assert_allclose(
            row, [squares[:rank].sum() for rank in evidence.space.ranks], rtol=1e-8, atol=1e-14
        )
        slopes = np.diff(row) / np.diff(evidence.space.ranks)
        assert (np.diff(slopes) <= 1e-9 * row[-1]).all()


def test_spectrum_is_the_best_first_order_decrease_of_its_rank(evidence):
    site = evidence.space.sites[0]
    g = evidence.gradients[site.name].double()
    u, s, vh = torch.linalg.svd(g)
    best = float((g * ((u[:, :2] * s[:2]) @ vh[:2])).sum())  # <G, its own best approximation>
    (scores,) = score_sites([PROXIES["spectrum"]], evidence)
    assert scores.by_rank[0, evidence.space.ranks.index(2)] == pytest.approx(best, rel=1e-6)
