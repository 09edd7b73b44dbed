"""GRAD-NORM against its closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proxies.registry import PROXIES, score_sites
from spaces.scaling import Scaling
from spaces.wires import initial_a


def test_grad_norm_is_the_frobenius_norm_of_g(evidence):
    (scores,) = score_sites([PROXIES["grad_norm"]], evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        g = evidence.gradients[site.name].numpy()
        assert value == pytest.approx(np.sqrt((g.astype(float) ** 2).sum()), rel=1e-5)


def test_grad_norm_at_init_is_the_norm_of_the_gradient_of_b(evidence):
    (scores,) = score_sites([PROXIES["grad_norm@init"]], evidence)
    site = evidence.space.sites[0]
    a = initial_a(site, evidence.space.ranks[-1], seed=0)
    expected = Scaling().factor(site.kind, evidence.space.ranks[-1]) * np.linalg.norm(
        evidence.gradients[site.name].numpy() @ a.T
    )
    assert scores.by_site[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("family", "renorm"), [("bert", "preserve"), ("bert", "paper"), ("opt", "preserve"), ("gpt2", "preserve")]
)
def test_grad_norm_at_warm_is_that_of_autograd_through_the_trained_wires(
    warm, gradients_by_hand, family, renorm
):
    evidence = warm(family=family, renorm=renorm)
    (scores,) = score_sites([PROXIES["grad_norm@warm"]], evidence)
    grads = gradients_by_hand(evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        expected = math.hypot(*(grads[f"{site.name}.{factor}"].norm().item() for factor in "AB"))
        assert value == pytest.approx(expected, rel=1e-3), site.name
        assert grads[f"{site.name}.A"].any()
