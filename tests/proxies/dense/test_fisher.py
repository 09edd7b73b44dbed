"""FISHER against a pass of each batch's own."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, score_sites
from tests.objectives import TWO_CLASSES


def test_fisher_sums_the_squared_norms_of_the_batches_own_gradients(evidence, gradients_by_batch):
    (scores,) = score_sites([PROXIES["fisher"]], evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        expected = sum((gradients[site.name] ** 2).sum() for gradients in gradients_by_batch)
        assert value == pytest.approx(expected, rel=1e-4), site.name


def test_with_one_batch_fisher_is_the_squared_gradient_norm(evidence, batches):
    one = Evidence(evidence.model, TWO_CLASSES, batches[:1], evidence.space, seed=0)
    fisher, norm = score_sites([PROXIES["fisher"], PROXIES["grad_norm"]], one)
    np.testing.assert_allclose(fisher.by_site, norm.by_site**2, rtol=1e-5)
