"""SynFlow against its closed form."""

from __future__ import annotations

import pytest

from proxies.registry import PROXIES, score_sites
from spaces.base_weight import base_weight


def test_synflow_weighs_its_own_gradients(evidence):
    (scores,) = score_sites([PROXIES["synflow"]], evidence)
    site = next(site for site in evidence.space.sites if site.kind == "lora")
    expected = (base_weight(evidence.model, site) * evidence.synflow_gradients[site.name]).abs().sum()
    assert scores.by_site[evidence.space.sites.index(site)] == pytest.approx(float(expected), rel=1e-5)
