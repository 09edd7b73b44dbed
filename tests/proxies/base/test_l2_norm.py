"""L2-NORM against its closed form."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.registry import PROXIES, score_sites
from spaces.base_weight import base_weight


def test_l2_norm_is_that_of_w0_which_is_the_identity_of_residual_and_zero_of_cross_wires(evidence):
    (scores,) = score_sites([PROXIES["l2_norm"]], evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        expected = {"residual": np.sqrt(site.d_in), "cross": 0.0}.get(site.kind)
        if expected is None:
            expected = np.sqrt((base_weight(evidence.model, site).double().numpy() ** 2).sum())
        assert value == pytest.approx(expected, rel=1e-5), site.name
