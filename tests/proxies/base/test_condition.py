"""CONDITION against NumPy's condition number."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.registry import PROXIES, score_sites
from spaces.base_weight import base_weight


def test_condition_is_the_reciprocal_condition_number_of_w0(evidence):
    (scores,) = score_sites([PROXIES["condition"]], evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        expected = {"residual": 1.0, "cross": 0.0}.get(site.kind)
        if expected is None:
            expected = 1 / np.linalg.cond(base_weight(evidence.model, site).double().numpy())
        assert value == pytest.approx(expected, rel=1e-6), site.name


def test_a_singular_or_zero_weight_scores_zero(evidence):
    singular, zero = (i for i, site in enumerate(evidence.space.sites) if site.role == "q" and site.layer < 2)
    base_weight(evidence.model, evidence.space.sites[singular])[0] = 0
    base_weight(evidence.model, evidence.space.sites[zero]).zero_()
    (scores,) = score_sites([PROXIES["condition"]], evidence)
    assert scores.by_site[[singular, zero]] == pytest.approx(0, abs=1e-12)
