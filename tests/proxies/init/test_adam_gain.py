"""ADAM-GAIN against the first-order effect of torch's own Adam."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, score_sites
from spaces.scaling import Scaling
from spaces.wires import initial_a
from tests.objectives import TWO_CLASSES


def gradient_of_b(site, g: np.ndarray) -> np.ndarray:
    return Scaling().factor(site.kind, 8) * g @ initial_a(site, 8, seed=0).astype(float).T


def test_adam_gain_sums_the_squared_mean_over_the_root_mean_square(evidence, gradients_by_batch):
    (scores,) = score_sites([PROXIES["adam_gain"]], evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        b = np.stack([gradient_of_b(site, gradients[site.name]) for gradients in gradients_by_batch])
        expected = (b.mean(0) ** 2 / (np.sqrt((b**2).mean(0)) + 1e-8)).sum()
        assert value == pytest.approx(expected, rel=1e-4), site.name


def test_adam_gain_of_one_batch_is_what_one_step_of_adam_takes_off(evidence, batches, gradients_by_batch):
    one = Evidence(evidence.model, TWO_CLASSES, batches[:1], evidence.space, seed=0)
    (scores,) = score_sites([PROXIES["adam_gain"]], one)
    site = evidence.space.sites[0]
    gradient = torch.from_numpy(gradient_of_b(site, gradients_by_batch[0][site.name]))
    b = torch.zeros_like(gradient)
    b.grad = gradient.clone()
    torch.optim.Adam([b], lr=1.0).step()
    assert scores.by_site[0] == pytest.approx(-float((gradient * b).sum()), rel=1e-4)
