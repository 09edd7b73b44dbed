"""G against autograd through an explicit update of every wire."""

from __future__ import annotations

import copy

import pytest
import torch

from proxies.measure.dense_gradients import dense_gradients
from proxies.measure.synflow_gradients import of_synflow_gradients
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.hooks import attach
from spaces.objective import Batch
from spaces.own_part import part_of
from spaces.scaling import Scaling
from spaces.stacked import Stacked
from spaces.wires import Wires
from tests.objectives import TWO_CLASSES


def two_batches(tiny_batch):
    halves = [
        {name: tensor[rows] for name, tensor in tiny_batch.items()} for rows in (slice(0, 4), slice(4, 6))
    ]
    return [Batch(half, torch.arange(len(half["input_ids"])) % 2) for half in halves]


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
@pytest.mark.parametrize(
    "family", ["bert", "deberta-v2", "opt", "opt-post", "gpt2", "llama", "falcon", "albert"]
)
def test_g_equals_autograd_on_an_explicit_update(tiny_model, tiny_batch, family, renorm):
    model = tiny_model(family)
    sites = find_sites(model, "lora[all]+shortcut+cross[all;span=2]")
    batches = two_batches(tiny_batch)
    gradients = dense_gradients(model, TWO_CLASSES, sites, batches, renorm=renorm)
    updates = {site.name: torch.zeros(site.d_out, site.d_in, requires_grad=True) for site in sites}

    def add_update(group, sources, target):
        for site, source in zip(group, sources, strict=True):
            added = (source @ updates[site.name].T).view(*target.shape[:-1], site.d_out)
            rows = part_of(torch.arange(target.shape[-1]), site.target)
            target = target.index_add(target.dim() - 1, rows, added)
        return target

    with attach(model, sites, add_update, renorm=renorm):
        loss = sum(torch.nn.functional.cross_entropy(model(**b.inputs).logits, b.labels) for b in batches)
        loss.backward()
    for name, update in updates.items():
        assert update.grad.abs().max() > 1e-9, name
        torch.testing.assert_close(
            gradients[name], update.grad, rtol=1e-4, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}"
        )


def test_gradient_of_b_is_scale_times_g_times_a_transposed(tiny_model, tiny_batch):
    model = tiny_model("bert")
    sites = find_sites(model, "lora[all]+shortcut")
    batches = two_batches(tiny_batch)
    gradients = dense_gradients(model, TWO_CLASSES, sites, batches)
    ranks = {site.name: 3 for site in sites}
    stacked = Stacked(Wires.shapes(sites, ranks), 1, device="cpu")
    wires = Wires(sites, ranks, stacked)
    wires.load(0, Allocation.of(ranks), Scaling(), seed=5)
    with wires.attach(model):
        loss = sum(torch.nn.functional.cross_entropy(model(**b.inputs).logits, b.labels) for b in batches)
        grads = torch.autograd.grad(loss, tuple(stacked.leaf.values()))
    for name, grad in zip(stacked.leaf, grads, strict=True):
        site = next(site for site in sites if name.startswith(site.name + "."))
        if name.endswith(".A"):
            assert not grad.any()
        else:
            a = stacked.slot(f"{site.name}.A", 0)
            expected = Scaling().factor(site.kind, 3) * gradients[site.name] @ a.T
            torch.testing.assert_close(grad[0], expected, rtol=1e-4, atol=1e-6)


def test_scoring_leaves_the_model_as_it_was(tiny_model, tiny_batch):
    model = tiny_model("bert")
    before = copy.deepcopy(model.state_dict())
    sites = find_sites(model, "lora+shortcut")
    dense_gradients(model, TWO_CLASSES, sites, two_batches(tiny_batch))
    of_synflow_gradients(lambda _, g: g, model, TWO_CLASSES, sites)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in model.parameters())


def test_only_the_batches_asked_for_are_used(tiny_model, tiny_batch):
    model, seen = tiny_model("bert"), []
    sites = find_sites(model, "lora")
    dense_gradients(model, TWO_CLASSES, sites, two_batches(tiny_batch), on_batch=lambda: seen.append(1))
    assert len(seen) == 2


def test_synflow_gradients_are_those_of_absolute_weights_on_ones(tiny_model):
    model = tiny_model("bert")
    sites = find_sites(model, "lora")
    absolute = copy.deepcopy(model)
    for parameter in absolute.parameters():
        parameter.data.abs_()
    site = sites[0]
    weight = absolute.get_submodule(site.target.module).weight.requires_grad_()
    ones = torch.ones(1, 32, 32)
    absolute(inputs_embeds=ones, attention_mask=torch.ones(1, 32, dtype=torch.long)).logits.sum().backward()
    torch.testing.assert_close(
        of_synflow_gradients(lambda _, g: g, model, TWO_CLASSES, sites)[site.name],
        weight.grad,
        rtol=1e-4,
        atol=1e-6,
    )
