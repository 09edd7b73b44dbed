"""Wires against peft's LoRA, plain re-implementations and the untouched model."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn

from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from spaces.stacked import Stacked
from spaces.wires import Wires, initial_a

FAMILIES = ["bert", "opt", "opt-post", "gpt2", "llama"]


def wires_of(model, space, ranks, *, slots=1, randomise_b=True):
    """Wires of one allocation (the same in every slot, seed = slot), with B drawn at random."""
    sites = find_sites(model, space)
    allocation = Allocation.of({site.name: ranks.get(site.role, 0) for site in sites})
    largest = {site.name: allocation.rank(site.name) for site in sites}
    stacked = Stacked(Wires.shapes(sites, largest), slots, device="cpu")
    wires = Wires(sites, largest, stacked)
    generator = torch.Generator().manual_seed(0)
    for slot in range(slots):
        wires.load(slot, allocation, Scaling(), seed=slot)
        if randomise_b:
            for site in wires.sites:
                b = stacked.slot(f"{site.name}.B", slot)
                b.copy_(torch.randn(b.shape, generator=generator) * 0.1)
    return wires


def logits_of(model, batch) -> Tensor:
    return model(**batch).logits


@pytest.mark.parametrize("family", FAMILIES)
def test_one_candidate_equals_peft_lora_in_logits_and_every_gradient(tiny_model, tiny_batch, family):
    model = tiny_model(family)
    wires = wires_of(
        model,
        "lora[all]",
        {"q": 4, "k": 2, "v": 3, "o": 2, "fc1": 2, "fc2": 2, "gate": 2, "up": 2, "down": 2},
    )
    # peft cannot adapt a third of GPT-2's c_attn: the equivalent is one adapter with zero blocks in B.
    modules: dict[str, list] = {}
    for site in wires.sites:
        modules.setdefault(site.target.module, []).append(site)
    rank = {module: sum(wires.gates[s.name].shape[1] for s in sites) for module, sites in modules.items()}
    config = LoraConfig(
        task_type="SEQ_CLS",
        target_modules=list(modules),
        rank_pattern=rank,
        alpha_pattern=dict(rank),  # so that peft's own factor is 1 and ours can be put into A
        fan_in_fan_out=family == "gpt2",
    )
    reference = get_peft_model(copy.deepcopy(model), config)
    peft_layers = {name: reference.base_model.model.get_submodule(name) for name in modules}
    with torch.no_grad():
        for name, sites in modules.items():
            layer = peft_layers[name]
            a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
            b.zero_()
            start = 0
            for site in sites:
                ours_a = wires.stacked.slot(f"{site.name}.A", 0)
                stop = start + ours_a.shape[0]
                a[start:stop] = ours_a * wires.gates[site.name][0][:, None]
                b[slice(*(site.target.part or (None, None))), start:stop] = wires.stacked.slot(
                    f"{site.name}.B", 0
                )
                start = stop
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
    for name, sites in modules.items():
        layer, start = peft_layers[name], 0
        for site in sites:
            gate = wires.gates[site.name][0]
            stop = start + len(gate)
            expected_a = layer.lora_A["default"].weight.grad[start:stop] * gate[:, None]
            expected_b = layer.lora_B["default"].weight.grad[
                slice(*(site.target.part or (None, None))), start:stop
            ]
            torch.testing.assert_close(grads[f"{site.name}.A"][0], expected_a, rtol=0, atol=1e-5)
            torch.testing.assert_close(grads[f"{site.name}.B"][0], expected_b, rtol=0, atol=1e-5)
            start = stop


SHORTCUTS = {"res1": 2, "res2": 3, "cut": 2, "in": 4}


def by_hand(wires, slot, site, x):
    """The wire's output, written as in the paper."""
    a, b = wires.stacked.slot(f"{site}.A", slot), wires.stacked.slot(f"{site}.B", slot)
    return x @ (wires.gates[site][slot][:, None] * a).T @ b.T


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
@pytest.mark.parametrize("family", ["bert", "opt-post"])
def test_post_layer_norm_shortcuts_follow_appendix_d(tiny_model, tiny_batch, family, renorm):
    model = tiny_model(family)
    wires = wires_of(model, "shortcut", SHORTCUTS)
    kwargs = {"output_hidden_states": True}
    hidden = model.base_model(**tiny_batch, **kwargs).hidden_states
    records: list[tuple[Tensor, dict]] = []
    blocks = model.bert.encoder.layer if family == "bert" else model.model.decoder.layers
    handle = blocks[0].register_forward_pre_hook(
        lambda _, args, kw: records.append((args, kw)), with_kwargs=True
    )
    model.base_model(**tiny_batch)
    handle.remove()
    block_args, block_kwargs = records[0][0][1:], records[0][1]
    mask = block_args[0] if block_args else block_kwargs["attention_mask"]

    def halves(block):
        """(Attn, FFN, LN1, LN2) of a block, as functions."""
        if family == "bert":
            attention = lambda h: block.attention.output.dense(block.attention.self(h, mask)[0])  # noqa: E731
            ffn = lambda a: block.output.dense(block.intermediate(a))  # noqa: E731
            return attention, ffn, block.attention.output.LayerNorm, block.output.LayerNorm
        attention = lambda h: block.self_attn(h, attention_mask=mask)[0]  # noqa: E731
        ffn = lambda a: block.fc2(block.activation_fn(block.fc1(a)))  # noqa: E731
        return attention, ffn, block.self_attn_layer_norm, block.final_layer_norm

    h, previous = hidden[0], None
    for i, block in enumerate(blocks):
        attention, ffn, norm1, norm2 = halves(block)
        total = h + by_hand(wires, 0, f"layers.{i}.res1", h) + attention(h)
        if previous is None:
            a = norm1(total)
        elif renorm == "paper":
            a = norm1(norm1(total) + by_hand(wires, 0, f"layers.{i}.cut", previous))
        else:
            a = norm1(total + by_hand(wires, 0, f"layers.{i}.cut", previous))
        total = a + by_hand(wires, 0, f"layers.{i}.res2", a) + ffn(a)
        shortcut = by_hand(wires, 0, f"layers.{i}.in", h)
        h_next = norm2(norm2(total) + shortcut) if renorm == "paper" else norm2(total + shortcut)
        h, previous = h_next, a
    with wires.attach(model, renorm=renorm):
        actual = model.base_model(**tiny_batch).last_hidden_state
    torch.testing.assert_close(actual, h, rtol=0, atol=1e-5)


@pytest.mark.parametrize("family", ["opt", "gpt2", "llama", "gemma2"])
def test_pre_norm_shortcuts_add_to_the_residual_stream(tiny_model, tiny_batch, family):
    model = tiny_model(family)
    wires = wires_of(model, "shortcut", SHORTCUTS)
    base = model.base_model
    blocks = base.get_submodule({"opt": "decoder.layers", "gpt2": "h"}.get(family, "layers"))
    norm2 = {"opt": "final_layer_norm", "gpt2": "ln_2", "llama": "post_attention_layernorm"}.get(
        family, "pre_feedforward_layernorm"
    )
    h, a, out = [], [], []
    for block in blocks:
        block.register_forward_pre_hook(lambda _, args: h.append(args[0].detach().clone()))
        block.get_submodule(norm2).register_forward_pre_hook(
            lambda _, args: a.append(args[0].detach().clone())
        )
        block.register_forward_hook(lambda _, args, output: out.append(output.detach().clone()))

    with wires.attach(model):
        base(**tiny_batch)
    h_wired, a_wired = [t.clone() for t in h], [t.view_as(h[0]).clone() for t in a]
    out_wired = [*h_wired[1:], None]
    # Feed each block's wired input to the bare block: the difference is what the wires added.
    for i in range(len(blocks)):
        h.clear(), a.clear(), out.clear()
        with torch.no_grad():
            replay(model, i, h_wired[i], tiny_batch)
        bare_a = a[i].view_as(h_wired[0])
        expected_a = bare_a + by_hand(wires, 0, f"layers.{i}.res1", h_wired[i])
        if i:
            expected_a = expected_a + by_hand(wires, 0, f"layers.{i}.cut", a_wired[i - 1])
        torch.testing.assert_close(a_wired[i], expected_a, rtol=0, atol=1e-4)
        if out_wired[i] is not None:
            bare_out = ffn_from(model, family, i, a_wired[i])
            expected = (
                bare_out
                + by_hand(wires, 0, f"layers.{i}.res2", a_wired[i])
                + by_hand(wires, 0, f"layers.{i}.in", h_wired[i])
            )
            torch.testing.assert_close(out_wired[i], expected, rtol=0, atol=1e-4)


def replay(model, index, hidden, batch):
    """Runs the model with ``hidden`` put in place of what enters block ``index``."""
    blocks = model.base_model.get_submodule(
        "decoder.layers"
        if hasattr(model.base_model, "decoder")
        else "h"
        if hasattr(model.base_model, "h")
        else "layers"
    )
    handle = blocks[index].register_forward_pre_hook(lambda _, args: (hidden, *args[1:]), prepend=True)
    model.base_model(**batch)
    handle.remove()


def ffn_from(model, family, index, a):
    """a + FFN(a) of a pre-norm block."""
    if family == "opt":
        block = model.base_model.decoder.layers[index]
        return a + block.fc2(block.activation_fn(block.fc1(block.final_layer_norm.forward(a))))
    if family == "gpt2":
        block = model.base_model.h[index]
        return a + block.mlp(block.ln_2.forward(a))
    block = model.base_model.layers[index]
    if family == "gemma2":
        return a + block.post_feedforward_layernorm(block.mlp(block.pre_feedforward_layernorm.forward(a)))
    return a + block.mlp(block.post_attention_layernorm.forward(a))


ALL_FAMILIES = [
    "bert",
    "roberta",
    "electra",
    "deberta-v2",
    "opt",
    "opt-post",
    "gpt2",
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "gemma",
    "gemma2",
]


@pytest.mark.parametrize("family", ALL_FAMILIES)
def test_at_initialisation_preserve_leaves_the_logits_and_detaching_restores_the_model(
    tiny_model, tiny_batch, family
):
    model = tiny_model(family)
    before, state = logits_of(model, tiny_batch), copy.deepcopy(model.state_dict())
    wires = wires_of(
        model,
        "lora[all]+shortcut+cross[in,cut;span=2]",
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


@pytest.mark.parametrize("family", ALL_FAMILIES)
def test_every_site_reaches_the_logits(tiny_model, tiny_batch, family):
    model = tiny_model(family)
    before = logits_of(model, tiny_batch)
    for site in find_sites(model, "lora[all]+shortcut"):
        stacked = Stacked(Wires.shapes([site], {site.name: 2}), 1, device="cpu")
        wires = Wires([site], {site.name: 2}, stacked)
        wires.load(0, Allocation.of({site.name: 2}), Scaling(), seed=0)
        b = stacked.slot(f"{site.name}.B", 0)
        b.copy_(torch.randn(b.shape, generator=torch.Generator().manual_seed(0)))
        with wires.attach(model):
            assert not torch.allclose(logits_of(model, tiny_batch), before, atol=1e-6), site.name


@pytest.mark.parametrize("family", ["bert", "opt", "llama", "gemma2"])
def test_shortcuts_that_share_a_target_do_not_need_each_other_or_an_order(tiny_model, tiny_batch, family):
    model = tiny_model(family)
    by_name = {site.name: site for site in find_sites(model, "shortcut")}

    def logits_with(names):
        sites = [by_name[name] for name in names]
        ranks = dict.fromkeys(names, 2)
        wires = Wires(sites, ranks, Stacked(Wires.shapes(sites, ranks), 1, device="cpu"))
        wires.load(0, Allocation.of(ranks), Scaling(), seed=0)
        for name in names:
            b = wires.stacked.slot(f"{name}.B", 0)
            b.copy_(torch.randn(b.shape, generator=torch.Generator().manual_seed(1)))
        with wires.attach(model):
            return logits_of(model, tiny_batch)

    pair, reverse = ["layers.1.res2", "layers.1.in"], ["layers.1.in", "layers.1.res2"]
    torch.testing.assert_close(logits_with(pair), logits_with(reverse), rtol=0, atol=1e-5)
    logits_with([*pair, "layers.1.cut"])  # without res1, whose source the block input is too


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
