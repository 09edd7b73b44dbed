"""A trained wire's gradients against autograd."""

from __future__ import annotations

import pytest
import torch

from proxies.measure.gated_wires import TrainedWire


@pytest.fixture
def wire() -> TrainedWire:
    generator = torch.Generator().manual_seed(0)
    return TrainedWire(torch.randn(2, 5, generator=generator), torch.randn(4, 2, generator=generator), 1.5)


@pytest.fixture
def g() -> torch.Tensor:
    return torch.randn(4, 5, generator=torch.Generator().manual_seed(1))


def test_the_gradients_of_the_factors_are_those_of_an_update_whose_gradient_is_g(wire, g):
    a, b = wire.a.clone().requires_grad_(), wire.b.clone().requires_grad_()
    (g * (wire.factor * b @ a)).sum().backward()
    of_a, of_b = wire.gradient(g)
    torch.testing.assert_close(of_a, a.grad)
    torch.testing.assert_close(of_b, b.grad)
    expected = (wire.a * a.grad).abs().sum() + (wire.b * b.grad).abs().sum()
    assert wire.saliency(wire.gradient(g)) == pytest.approx(float(expected), rel=1e-6)


def test_the_first_order_is_the_inner_product_of_g_and_the_update(wire, g):
    expected = (g * (wire.factor * wire.b @ wire.a)).sum()
    assert wire.first_order(wire.gradient(g)) == pytest.approx(float(expected), rel=1e-5)
