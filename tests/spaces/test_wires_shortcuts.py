"""Shortcuts against the networks of the paper, written out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from spaces.stacked import Stacked
from spaces.wires import Wires
from tests.spaces.random_wires import SHORTCUTS, logits_of, wires_of


def by_hand(wires, slot, site, x):
    """The wire's output, written as in the paper."""
    a, b = wires.stacked.slot(f"{site}.A", slot), wires.stacked.slot(f"{site}.B", slot)
    return x @ (wires.gates[site][slot][:, None] * a).T @ b.T


def halves(block, mask):
    """(Attn, FFN, LN1, LN2) of a post-layer-norm block, as functions."""
    if hasattr(block, "sa_layer_norm"):
        attention = lambda h: block.attention(h, attention_mask=mask)[0]  # noqa: E731
        return attention, block.ffn, block.sa_layer_norm, block.output_layer_norm
    if hasattr(block, "attention"):
        attention = lambda h: block.attention.output.dense(block.attention.self(h, mask)[0])  # noqa: E731
        ffn = lambda a: block.output.dense(block.intermediate(a))  # noqa: E731
        return attention, ffn, block.attention.output.LayerNorm, block.output.LayerNorm
    attention = lambda h: block.self_attn(h, attention_mask=mask)[0]  # noqa: E731
    ffn = lambda a: block.fc2(block.activation_fn(block.fc1(a)))  # noqa: E731
    return attention, ffn, block.self_attn_layer_norm, block.final_layer_norm


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
@pytest.mark.parametrize("family", ["bert", "opt-post", "distilbert"])
def test_post_layer_norm_shortcuts_follow_appendix_d(tiny_model, tiny_batch, family, renorm):
    model = tiny_model(family)
    wires = wires_of(model, "shortcut", SHORTCUTS)
    where = {"bert": "encoder.layer", "opt-post": "decoder.layers", "distilbert": "transformer.layer"}
    blocks = model.base_model.get_submodule(where[family])
    records: list[tuple[tuple[Tensor, ...], dict[str, Tensor]]] = []
    handle = blocks[0].register_forward_pre_hook(
        lambda _, args, kw: records.append((args, kw)), with_kwargs=True
    )
    hidden = model.base_model(**tiny_batch, output_hidden_states=True).hidden_states
    handle.remove()
    block_args, block_kwargs = records[0][0][1:], records[0][1]
    mask = block_args[0] if block_args else block_kwargs["attention_mask"]
    h, previous = hidden[0], None
    for i, block in enumerate(blocks):
        attention, ffn, norm1, norm2 = halves(block, mask)
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


_LLAMA_FFN = lambda block, a: a + block.mlp(block.post_attention_layernorm.forward(a))  # noqa: E731
PRE_NORM = {  # family -> what reads a[i] first, and a[i] + FFN(a[i]), of which that must not be called
    "opt": (
        "final_layer_norm",
        lambda block, a: a + block.fc2(block.activation_fn(block.fc1(block.final_layer_norm.forward(a)))),
    ),
    "gpt2": ("ln_2", lambda block, a: a + block.mlp(block.ln_2.forward(a))),
    "llama": ("post_attention_layernorm", _LLAMA_FFN),
    "gemma2": (
        "pre_feedforward_layernorm",
        lambda block, a: (
            a + block.post_feedforward_layernorm(block.mlp(block.pre_feedforward_layernorm.forward(a)))
        ),
    ),
    "modernbert": ("mlp_norm", lambda block, a: a + block.mlp(block.mlp_norm.forward(a))),
    "gpt_neox/sequential": ("post_attention_layernorm", _LLAMA_FFN),
    "bloom": (
        "post_attention_layernorm",
        lambda block, a: block.mlp(block.post_attention_layernorm.forward(a), a),
    ),
    "falcon/sequential": ("post_attention_layernorm", _LLAMA_FFN),
    "granite": (
        "post_attention_layernorm",
        lambda block, a: a + 0.5 * block.mlp(block.post_attention_layernorm.forward(a)),
    ),
    "olmo2": ("mlp", lambda block, a: a + block.post_feedforward_layernorm(block.mlp.forward(a))),
    "starcoder2": ("post_attention_layernorm", _LLAMA_FFN),
    "mixtral": ("post_attention_layernorm", _LLAMA_FFN),
    "phi3": ("post_attention_layernorm", _LLAMA_FFN),
}


def blocks_of(model):
    base = model.base_model
    return next(base.get_submodule(name) for name in ("decoder.layers", "h", "layers") if has(base, name))


def has(module, name):
    return name in dict(module.named_modules())


def first_of(output):
    return output[0] if isinstance(output, tuple) else output


@pytest.mark.parametrize("family", PRE_NORM)
def test_pre_norm_shortcuts_add_to_the_residual_stream(tiny_family, tiny_batch, family):
    model = tiny_family(family)
    wires = wires_of(model, "shortcut", SHORTCUTS)
    base, blocks = model.base_model, blocks_of(model)
    reader, ffn = PRE_NORM[family]
    h, a = [], []
    for block in blocks:
        block.register_forward_pre_hook(lambda _, args: h.append(args[0].detach().clone()))
        block.get_submodule(reader).register_forward_pre_hook(
            lambda _, args: a.append(args[0].detach().clone())
        )

    with wires.attach(model):
        base(**tiny_batch)
    h_wired, a_wired = [t.clone() for t in h], [t.view_as(h[0]).clone() for t in a]
    # Feed each block's wired input to the bare block: the difference is what the wires added.
    for i, block in enumerate(blocks):
        h.clear(), a.clear()
        with torch.no_grad():
            replay(model, i, h_wired[i], tiny_batch)
        expected_a = a[i].view_as(h_wired[0]) + by_hand(wires, 0, f"layers.{i}.res1", h_wired[i])
        if i:
            expected_a = expected_a + by_hand(wires, 0, f"layers.{i}.cut", a_wired[i - 1])
        torch.testing.assert_close(a_wired[i], expected_a, rtol=0, atol=1e-4)
        if i + 1 < len(blocks):
            expected = (
                ffn(block, a_wired[i])
                + by_hand(wires, 0, f"layers.{i}.res2", a_wired[i])
                + by_hand(wires, 0, f"layers.{i}.in", h_wired[i])
            )
            torch.testing.assert_close(h_wired[i + 1], expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("family", ["gptj", "gpt_neox", "falcon", "falcon/multi-query", "phi", "cohere"])
def test_shortcuts_of_blocks_with_one_sum_add_to_what_leaves_them(tiny_family, tiny_batch, family):
    model = tiny_family(family)
    wires = wires_of(model, "cross[all;span=1..2]", SHORTCUTS)
    h, out = [], []
    blocks = blocks_of(model)
    for block in blocks:
        block.register_forward_pre_hook(lambda _, args: h.append(args[0].detach().clone()))
        block.register_forward_hook(lambda _, args, output: out.append(first_of(output).detach().clone()))
    with wires.attach(model):
        model.base_model(**tiny_batch)
    h_wired = list(h)
    for i in range(len(blocks) - 1):
        out.clear()
        with torch.no_grad():
            replay(model, i, h_wired[i], tiny_batch)
        expected = out[i] + by_hand(wires, 0, f"layers.{i}.in", h_wired[i])
        if i:
            expected = expected + by_hand(wires, 0, f"layers.{i}.in2", h_wired[i - 1])
        torch.testing.assert_close(h_wired[i + 1], expected, rtol=0, atol=1e-4)


def test_a_shared_block_has_its_shortcuts_at_every_call(tiny_model, tiny_batch):
    model = tiny_model("albert")
    wires = wires_of(model, "shortcut", SHORTCUTS)
    body = model.albert.encoder
    h = body.embedding_hidden_mapping_in(model.albert.embeddings(tiny_batch["input_ids"]))
    mask = tiny_batch["attention_mask"][:, None, None, :].bool()
    for layer in range(4):
        group = layer // 2
        block = body.albert_layer_groups[group].albert_layers[0]
        self_attention = block.attention
        norm, self_attention.LayerNorm = self_attention.LayerNorm, torch.nn.Identity()
        total = self_attention(h, mask)[0] + by_hand(wires, 0, f"layers.{group}.res1", h)
        self_attention.LayerNorm = norm
        a = norm(total)
        total = a + block.ff_chunk(a) + by_hand(wires, 0, f"layers.{group}.res2", a)
        h = block.full_layer_layer_norm(total)
    with wires.attach(model):
        actual = model.base_model(**tiny_batch).last_hidden_state
    torch.testing.assert_close(actual, h, rtol=0, atol=1e-5)


def replay(model, index, hidden, batch):
    """Runs the model with ``hidden`` put in place of what enters block ``index``."""
    handle = blocks_of(model)[index].register_forward_pre_hook(
        lambda _, args: (hidden, *args[1:]), prepend=True
    )
    model.base_model(**batch)
    handle.remove()


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
