"""PLAIN against its closed form, and against the derivative that it is."""

from __future__ import annotations

import pytest
import torch

from proxies.registry import PROXIES, score_sites
from spaces.base_weight import base_weight


def test_plain_sums_w0_times_g_with_its_sign(evidence):
    (scores,) = score_sites([PROXIES["plain"]], evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        g = evidence.gradients[site.name].double()
        expected = {"residual": g.trace(), "cross": torch.zeros(())}.get(site.kind)
        if expected is None:
            expected = (base_weight(evidence.model, site).double() * g).sum()
        assert value == pytest.approx(float(expected), rel=1e-4, abs=1e-6), site.name
    assert (scores.by_site < 0).any()
    assert (scores.by_site > 0).any()


def test_plain_is_the_slope_of_the_loss_along_w0(evidence, batches):
    (scores,) = score_sites([PROXIES["plain"]], evidence)
    model = evidence.model.double()
    row = next(i for i, site in enumerate(evidence.space.sites) if site.role == "fc1")
    weight = base_weight(model, evidence.space.sites[row])
    w0, losses = weight.clone(), []
    for step in (1e-4, -1e-4):
        weight.copy_((1 + step) * w0)
        logits = [model(**batch.inputs).logits for batch in batches]
        losses.append(
            sum(
                torch.nn.functional.cross_entropy(x, b.labels).item()
                for x, b in zip(logits, batches, strict=True)
            )
        )
    assert scores.by_site[row] == pytest.approx((losses[0] - losses[1]) / 2e-4, rel=1e-3)
