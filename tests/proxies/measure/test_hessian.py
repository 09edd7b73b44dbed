"""H G against a second backward pass through explicit updates, in float64."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from proxies.measure.dense_gradients import dense_gradients
from proxies.measure.hessian import hessian_gradient, updated
from spaces.base_weight import base_weight
from spaces.find_sites import find_sites
from spaces.hooks import attach
from spaces.objective import Batch
from tests.objectives import TWO_CLASSES


def exact(model, sites, batches, renorm) -> dict[str, torch.Tensor]:
    model = copy.deepcopy(model).double()
    updates = {site.name: torch.zeros(site.d_out, site.d_in).double().requires_grad_() for site in sites}
    twice = sdpa_kernel(SDPBackend.MATH)  # the others have no second derivative
    with twice, attach(model, sites, updated(updates, 1.0), renorm=renorm):
        loss = sum(torch.nn.functional.cross_entropy(model(**b.inputs).logits, b.labels) for b in batches)
    first = torch.autograd.grad(loss, tuple(updates.values()), create_graph=True)
    along = sum((g * g.detach()).sum() for g in first)
    return dict(zip(updates, torch.autograd.grad(along, tuple(updates.values())), strict=True))


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_the_difference_is_the_hessian_times_the_gradient(tiny_model, batches, family, renorm):
    model = tiny_model(family)
    sites = find_sites(model, "lora[all]+shortcut")
    gradients = dense_gradients(model, TWO_CLASSES, sites, batches, renorm=renorm)
    product = hessian_gradient(model, TWO_CLASSES, sites, batches, gradients, renorm=renorm)
    for name, expected in exact(model, sites, batches, renorm).items():
        error = (product[name].double() - expected).norm() / expected.norm()
        assert error < 0.05, (name, float(error))


def test_where_nothing_changes_the_loss_the_product_is_zero(tiny_model, batches):
    model = tiny_model("bert")
    sites = find_sites(model, "lora[q]")
    nothing = {site.name: torch.zeros(site.d_out, site.d_in) for site in sites}
    product = hessian_gradient(model, TWO_CLASSES, sites, batches, nothing)
    assert not any(value.any() for value in product.values())


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_an_updated_model_computes_with_changed_weights(tiny_model, tiny_batch, family):
    model = tiny_model(family)
    sites = find_sites(model, "lora[q,v,fc2]")
    generator = torch.Generator().manual_seed(0)
    updates = {site.name: torch.randn(site.d_out, site.d_in, generator=generator) for site in sites}
    with attach(model, sites, updated(updates, 0.1)):
        logits = model(**tiny_batch).logits
    changed = copy.deepcopy(model)
    for site in sites:
        base_weight(changed, site).add_(updates[site.name], alpha=0.1)
    torch.testing.assert_close(logits, changed(**tiny_batch).logits, rtol=1e-4, atol=1e-5)


def test_one_pass_more_is_all_it_takes(tiny_model, batches):
    model, passes = tiny_model("bert"), []
    sites = find_sites(model, "lora[q]")
    gradients = dense_gradients(model, TWO_CLASSES, sites, batches)
    model.register_forward_hook(lambda *_: passes.append(1))
    hessian_gradient(model, TWO_CLASSES, sites, [Batch(b.inputs, b.labels) for b in batches], gradients)
    assert len(passes) == len(batches)
