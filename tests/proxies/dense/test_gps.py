"""GPS against a singular value decomposition."""

from __future__ import annotations

import numpy as np

from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, score_sites
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from tests.objectives import TWO_CLASSES


def test_gps_is_the_norm_of_the_best_approximation_of_g_of_each_rank(evidence):
    (scores,) = score_sites([PROXIES["gps"]], evidence)
    for row, site in zip(scores.by_rank, evidence.space.sites, strict=True):
        u, s, vh = np.linalg.svd(evidence.gradients[site.name].double().numpy())
        best = [np.linalg.norm((u[:, :rank] * s[:rank]) @ vh[:rank]) for rank in evidence.space.ranks]
        np.testing.assert_allclose(row, best, rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(scores.by_site, scores.by_rank[:, -1])


def test_single_sites_come_in_the_order_of_spectrum_narrow_ones_too(tiny_model, batches):
    model = tiny_model("bert", intermediate_size=4)
    space = SearchSpace(find_sites(model, "lora[q,fc1]"), (0, 3, 8))
    evidence = Evidence(model, TWO_CLASSES, batches, space, seed=0)
    gps, spectrum = score_sites([PROXIES["gps"], PROXIES["spectrum"]], evidence)
    np.testing.assert_allclose(gps.by_site, np.sqrt(spectrum.by_site), rtol=1e-9)
