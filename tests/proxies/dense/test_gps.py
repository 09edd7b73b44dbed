"""GPS against a singular value decomposition."""

from __future__ import annotations

import numpy as np

from proxies.registry import PROXIES, score_sites


def test_gps_is_the_norm_of_the_best_approximation_of_g_of_each_rank(evidence):
    (scores,) = score_sites([PROXIES["gps"]], evidence)
    for row, site in zip(scores.by_rank, evidence.space.sites, strict=True):
        u, s, vh = np.linalg.svd(evidence.gradients[site.name].double().numpy())
        best = [np.linalg.norm((u[:, :rank] * s[:rank]) @ vh[:rank]) for rank in evidence.space.ranks]
        np.testing.assert_allclose(row, best, rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(scores.by_site, scores.by_rank[:, -1])
