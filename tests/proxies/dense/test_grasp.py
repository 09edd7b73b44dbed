"""GRASP against the slope of the squared gradient norm, of which it is half."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.measure.dense_gradients import dense_gradients
from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, score_sites
from spaces.base_weight import base_weight
from spaces.objective import Batch
from tests.objectives import TWO_CLASSES


@pytest.mark.parametrize("role", ["q", "fc1"])
def test_grasp_is_minus_half_the_slope_of_the_squared_gradient_along_w0(evidence, batches, role):
    (scores,) = score_sites([PROXIES["grasp"]], evidence)
    model, sites = evidence.model.double(), evidence.space.sites
    row = next(i for i, site in enumerate(sites) if site.role == role)
    weight = base_weight(model, sites[row])
    w0, squares = weight.clone(), []
    for step in (1e-3, -1e-3):
        weight.copy_((1 + step) * w0)
        gradients = dense_gradients(model, TWO_CLASSES, sites, batches)
        squares.append(sum(float(g.double().square().sum()) for g in gradients.values()))
    slope = (squares[0] - squares[1]) / 2e-3
    assert scores.by_site[row] == pytest.approx(-slope / 2, rel=0.03)


def test_grasp_is_the_trace_of_a_residual_and_nothing_of_a_cross_wire(evidence):
    (scores,) = score_sites([PROXIES["grasp"]], evidence)
    kinds = [site.kind for site in evidence.space.sites]
    residual, cross = kinds.index("residual"), kinds.index("cross")
    product = evidence.hessian_gradient[evidence.space.sites[residual].name]
    assert scores.by_site[residual] == pytest.approx(-float(product.trace()), rel=1e-5)
    assert scores.by_site[cross] == 0


def test_a_proxy_beside_it_changes_nothing(evidence, batches):
    many = [  # tokens enough for a product to be summed in blocks
        Batch({name: x.repeat(64, 1) for name, x in b.inputs.items()}, b.labels.repeat(64)) for b in batches
    ]
    alone, shared = (Evidence(evidence.model, TWO_CLASSES, many, evidence.space, seed=0) for _ in range(2))
    (expected,) = score_sites([PROXIES["grasp"]], alone)
    beside = score_sites([PROXIES["grasp"], PROXIES["snr"]], shared)[0]
    np.testing.assert_array_equal(beside.by_site, expected.by_site)
