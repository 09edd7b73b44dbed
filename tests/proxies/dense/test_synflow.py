"""SynFlow against its closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.measure.synflow_gradients import of_synflow_gradients
from proxies.registry import PROXIES, score_sites
from spaces.base_weight import base_weight


def test_synflow_weighs_its_own_gradients(evidence):
    (scores,) = score_sites([PROXIES["synflow"]], evidence)
    site = next(site for site in evidence.space.sites if site.kind == "lora")
    model, sites = evidence.model, evidence.space.sites
    gradients = of_synflow_gradients(lambda _, g: g, model, evidence.objective, sites)
    expected = (base_weight(model, site) * gradients[site.name]).abs().sum()
    assert scores.by_site[evidence.space.sites.index(site)] == pytest.approx(float(expected), rel=1e-5)


def test_synflow_at_warm_is_that_of_absolute_wires_head_and_weights(warm, by_hand):
    evidence = warm()
    (scores,) = score_sites([PROXIES["synflow@warm"]], evidence)
    model = evidence.model
    one = by_hand(evidence, np.ones(len(evidence.space.sites)))
    one.stacked.values.abs_()
    for parameter in model.parameters():
        parameter.data.abs_()
    inputs = {"inputs_embeds": torch.ones(1, 32, 32), "attention_mask": torch.ones(1, 32, dtype=torch.long)}
    with one.wires.attach(model), one.head.attach():
        grads = torch.autograd.grad(model(**inputs).logits.sum(), tuple(one.stacked.leaf.values()))
    flow = {
        name: (leaf * g).abs().sum() for (name, leaf), g in zip(one.stacked.leaf.items(), grads, strict=True)
    }
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        expected = flow[f"{site.name}.A"] + flow[f"{site.name}.B"]
        assert value == pytest.approx(expected.item(), rel=1e-3), site.name
