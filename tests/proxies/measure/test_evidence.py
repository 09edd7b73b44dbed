"""What proxies look at does not depend on the grid that a study scores on."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, score_sites
from spaces.search_space import SearchSpace
from tests.objectives import TWO_CLASSES


@pytest.mark.parametrize("name", ["grad_norm@init", "adam_gain", "adam_signal", "jacov", "epe_nas", "solo"])
def test_a_wider_grid_leaves_the_scores_of_sites_as_they_are(evidence, batches, name):
    wide = SearchSpace(evidence.space.sites, (0, 1, 2, 3, 8, 20, 32))
    scores = [
        score_sites([PROXIES[name]], Evidence(evidence.model, TWO_CLASSES, batches, space, seed=0))[0]
        for space in (evidence.space, wide)
    ]
    np.testing.assert_allclose(scores[0].by_site, scores[1].by_site, rtol=1e-4)
    np.testing.assert_allclose(scores[0].by_rank, scores[1].on_grid(evidence.space).by_rank, rtol=1e-4)


def test_the_first_columns_of_the_gradient_of_b_are_those_of_lower_ranks(evidence, batches):
    low = SearchSpace(evidence.space.sites, (0, 2))
    of_low = Evidence(evidence.model, TWO_CLASSES, batches, low, seed=0)
    site = evidence.space.sites[0]
    wide = evidence.gradient_of_b(site, evidence.gradients[site.name]) / evidence.scaling.factor(site.kind, 8)
    narrow = of_low.gradient_of_b(site, of_low.gradients[site.name]) / evidence.scaling.factor(site.kind, 2)
    np.testing.assert_allclose(wide[:, :2], narrow, rtol=1e-4)
