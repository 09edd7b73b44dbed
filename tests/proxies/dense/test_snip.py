"""SNIP against its closed form."""

from __future__ import annotations

import pytest
import torch

from proxies.registry import PROXIES, score_sites
from spaces.base_weight import base_weight


def test_snip_weighs_g_by_w0_which_is_the_identity_of_residual_and_zero_of_cross_wires(evidence):
    (scores,) = score_sites([PROXIES["snip"]], evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        g = evidence.gradients[site.name]
        w0 = {"residual": torch.eye(site.d_in), "cross": torch.zeros(site.d_out, site.d_in)}.get(site.kind)
        w0 = base_weight(evidence.model, site) if w0 is None else w0
        assert value == pytest.approx(float((w0 * g).abs().sum()), rel=1e-5), site.name


def test_snip_at_warm_weighs_the_gradients_of_the_trained_wires_by_the_wires(warm, gradients_by_hand):
    evidence = warm()
    (scores,) = score_sites([PROXIES["snip@warm"]], evidence)
    grads = gradients_by_hand(evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        wire = evidence.super_network.wires[site.name]
        of_a, of_b = wire.a * grads[f"{site.name}.A"], wire.b * grads[f"{site.name}.B"]
        assert value == pytest.approx(float(of_a.abs().sum() + of_b.abs().sum()), rel=1e-3), site.name
