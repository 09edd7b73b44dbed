"""Wires against peft's LoRA, plain re-implementations and the untouched model."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers import PreTrainedModel

from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.own_part import part_of
from spaces.scaling import Scaling
from spaces.site import Site
from spaces.stacked import Stacked
from spaces.wires import Wires, initial_a
from tests.conftest import KINDS
from tests.spaces.random_wires import SHORTCUTS, logits_of, wires_of

FAMILIES = ["bert", "opt", "opt-post", "gpt2", "llama", "bloom"]


def blocks_of(model: PreTrainedModel, wires: Wires) -> list[tuple[Site, slice, torch.Tensor]]:
    """Every site with the rows of PEFT's A that are its own, and those of PEFT's B.

    PEFT cannot adapt a third of GPT-2's c_attn: the equivalent is one adapter with zero blocks in B.
    """
    found, ends = [], dict.fromkeys((site.target.module for site in wires.sites), 0)
    for site in wires.sites:
        start = ends[site.target.module]
        stop = ends[site.target.module] = start + wires.gates[site.name].shape[1]
        width = len(model.get_submodule(site.target.module).bias) if site.target.part else site.d_out
        found.append((site, slice(start, stop), part_of(torch.arange(width), site.target)))
    return found


def in_peft(model: PreTrainedModel, wires: Wires, *, fan_in_fan_out: bool) -> PeftModel:
    """A copy of the model in which PEFT's LoRA is slot 0 of the wires."""
    blocks, rank = blocks_of(model, wires), dict[str, int]()
    for site, own, _ in blocks:
        rank[site.target.module] = own.stop
    config = LoraConfig(
        task_type="SEQ_CLS",
        target_modules=list(rank),
        rank_pattern=rank,
        alpha_pattern=dict(rank),  # so that peft's own factor is 1 and ours can be put into A
        fan_in_fan_out=fan_in_fan_out,
    )
    adapted = get_peft_model(copy.deepcopy(model), config)
    with torch.no_grad():
        for module in rank:
            adapted.base_model.model.get_submodule(module).lora_B["default"].weight.zero_()
        for site, own, part in blocks:
            layer = adapted.base_model.model.get_submodule(site.target.module)
            a, b = (wires.stacked.slot(f"{site.name}.{matrix}", 0) for matrix in "AB")
            layer.lora_A["default"].weight[own] = a * wires.gates[site.name][0][:, None]
            layer.lora_B["default"].weight[part, own] = b
    return adapted


@pytest.mark.parametrize("family", FAMILIES)
def test_one_candidate_equals_peft_lora_in_logits_and_every_gradient(tiny_model, tiny_batch, family):
    model = tiny_model(family)
    wires = wires_of(
        model,
        "lora[all]",
        {"q": 4, "k": 2, "v": 3, "o": 2, "fc1": 2, "fc2": 2, "gate": 2, "up": 2, "down": 2},
    )
    reference = in_peft(model, wires, fan_in_fan_out=family == "gpt2")
    labels = torch.arange(len(tiny_batch["input_ids"])) % 2
    expected = logits_of(reference, tiny_batch)
    nn.functional.cross_entropy(expected, labels).backward()
    with wires.attach(model):
        actual = logits_of(model, tiny_batch)
        loss = nn.functional.cross_entropy(actual, labels)
        grads = dict(
            zip(
                wires.stacked.leaf, torch.autograd.grad(loss, tuple(wires.stacked.leaf.values())), strict=True
            )
        )
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-5)
    for site, own, part in blocks_of(model, wires):
        layer, gate = reference.base_model.model.get_submodule(site.target.module), wires.gates[site.name][0]
        expected_a = layer.lora_A["default"].weight.grad[own] * gate[:, None]
        expected_b = layer.lora_B["default"].weight.grad[part, own]
        torch.testing.assert_close(grads[f"{site.name}.A"][0], expected_a, rtol=0, atol=1e-5)
        torch.testing.assert_close(grads[f"{site.name}.B"][0], expected_b, rtol=0, atol=1e-5)


@pytest.mark.parametrize("family", KINDS)
def test_at_initialisation_preserve_leaves_the_logits_and_detaching_restores_the_model(
    tiny_family, tiny_batch, family
):
    model = tiny_family(family)
    before, state = logits_of(model, tiny_batch), copy.deepcopy(model.state_dict())
    wires = wires_of(
        model,
        "lora[all]+shortcut+cross[all;span=2]",
        dict.fromkeys(("q", "k", "v", "o", "fc1", "fc2", "gate", "up", "down", *SHORTCUTS), 2),
        randomise_b=False,
    )
    with wires.attach(model):
        torch.testing.assert_close(logits_of(model, tiny_batch), before, rtol=0, atol=1e-6)
    for site in wires.sites:
        wires.stacked.slot(f"{site.name}.B", 0)[0] = 0.5
    with wires.attach(model):
        assert (logits_of(model, tiny_batch) - before).abs().max() > 1e-3
    assert torch.equal(logits_of(model, tiny_batch), before)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    torch.testing.assert_close(model.state_dict(), state, rtol=0, atol=0)


@pytest.mark.parametrize("family", KINDS)
def test_every_shortcut_reaches_the_logits(tiny_family, tiny_batch, family):
    model = tiny_family(family)
    before = logits_of(model, tiny_batch)
    for site in find_sites(model, "shortcut"):
        stacked = Stacked(Wires.shapes([site], {site.name: 2}), 1, device="cpu")
        wires = Wires([site], {site.name: 2}, stacked)
        wires.load(0, Allocation.of({site.name: 2}), Scaling(), seed=0)
        b = stacked.slot(f"{site.name}.B", 0)
        b.copy_(torch.randn(b.shape, generator=torch.Generator().manual_seed(0)))
        with wires.attach(model):
            assert not torch.allclose(logits_of(model, tiny_batch), before, atol=1e-6), site.name


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
def test_each_slot_sees_its_own_wires_only(tiny_model, tiny_batch, renorm):
    model = tiny_model("bert")
    sites = find_sites(model, "lora+shortcut")
    allocations = [
        Allocation.of({"layers.0.q": 3, "layers.1.cut": 2}),
        Allocation.of({"layers.0.q": 1, "layers.2.in": 4, "layers.1.res2": 2}),
        Allocation.of({}),
    ]
    ranks = {"layers.0.q": 3, "layers.1.cut": 2, "layers.2.in": 4, "layers.1.res2": 2}
    stacked = Stacked(Wires.shapes(sites, ranks), 3, device="cpu")
    wires = Wires(sites, ranks, stacked)
    generator = torch.Generator().manual_seed(0)
    for slot, allocation in enumerate(allocations):
        wires.load(slot, allocation, Scaling(), seed=slot)
    stacked.values.copy_(torch.randn(stacked.values.shape, generator=generator) * 0.2)
    rows = len(tiny_batch["input_ids"])
    repeated = {name: tensor.repeat(3, *[1] * (tensor.dim() - 1)) for name, tensor in tiny_batch.items()}
    with wires.attach(model, renorm=renorm):
        together = logits_of(model, repeated).view(3, rows, -1)
        for slots in ([0], [1], [2], [2, 0]):
            stacked.select(slots)
            some = {
                name: tensor.repeat(len(slots), *[1] * (tensor.dim() - 1))
                for name, tensor in tiny_batch.items()
            }
            alone = logits_of(model, some).view(len(slots), rows, -1)
            torch.testing.assert_close(alone, together[slots], rtol=0, atol=1e-5)
    torch.testing.assert_close(together[2], logits_of(model, tiny_batch), rtol=0, atol=1e-5)
    assert (together[0] - together[2]).abs().max() > 1e-3


def test_a_site_starts_the_same_whatever_its_rank_and_differently_by_seed_and_name(tiny_model):
    one, two = find_sites(tiny_model("bert"), "lora")[:2]
    np.testing.assert_array_equal(initial_a(one, 2, seed=3), initial_a(one, 8, seed=3)[:2])
    assert not np.array_equal(initial_a(one, 2, seed=3), initial_a(one, 2, seed=4))
    assert not np.array_equal(initial_a(one, 2, seed=3), initial_a(two, 2, seed=3))
    assert np.abs(initial_a(one, 64, seed=0)).max() <= 1 / np.sqrt(one.d_in)


def test_trained_wires_come_back_into_a_wider_slot(tiny_model, tiny_batch):
    model = tiny_model("bert")
    narrow = wires_of(model, "lora", {"q": 2, "v": 3})
    tensors = narrow.trained(0)
    assert tensors["layers.0.q.A"].shape == (2, 32)
    wide = wires_of(model, "lora", {"q": 5, "v": 5})
    wide.load(
        0,
        Allocation.of({f"layers.{i}.{role}": rank for i in range(3) for role, rank in (("q", 2), ("v", 3))}),
        Scaling(),
        seed=9,
    )
    wide.restore(0, tensors)
    with narrow.attach(model):
        expected = logits_of(model, tiny_batch)
    with wide.attach(model):
        torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-6)
