"""Stacked heads against the model's own."""

from __future__ import annotations

import pytest
import torch

from spaces.errors import InputError
from spaces.head import Head, head_linears
from spaces.stacked import Stacked


@pytest.mark.parametrize(("family", "linears"), [
    ("bert", ["classifier"]),
    ("roberta", ["classifier.dense", "classifier.out_proj"]),
    ("deberta-v2", ["pooler.dense", "classifier"]),
    ("opt", ["score"]),
])  # fmt: skip
def test_each_slot_computes_with_its_own_head(tiny_model, tiny_batch, family, linears):
    model = tiny_model(family)
    assert list(head_linears(model)) == linears
    stacked = Stacked(Head.shapes(model), 2, device="cpu")
    head = Head(model, stacked)
    for slot in (0, 1):
        head.load(slot, seed=slot)
    twice = {name: tensor.repeat(2, 1) for name, tensor in tiny_batch.items()}
    with head.attach():
        both = model(**twice).logits.view(2, 6, -1)
    for slot in (0, 1):
        own = {name.removeprefix("head."): tensor for name, tensor in head.trained(slot).items()}
        model.load_state_dict(own, strict=False)
        torch.testing.assert_close(model(**tiny_batch).logits, both[slot], rtol=0, atol=1e-5)
    assert (both[0] - both[1]).abs().max() > 1e-3


def test_heads_start_from_the_seed_alone_with_zero_biases(tiny_model):
    model = tiny_model("bert")
    stacked = Stacked(Head.shapes(model), 3, device="cpu")
    head = Head(model, stacked)
    for slot, seed in enumerate((4, 4, 5)):
        head.load(slot, seed=seed)
    weight = stacked.leaf["head.classifier.weight"]
    assert torch.equal(weight[0], weight[1])
    assert not torch.equal(weight[0], weight[2])
    assert not stacked.leaf["head.classifier.bias"].any()


def test_a_head_of_other_layers_is_refused(tiny_model):
    model = tiny_model("bert")
    model.classifier = torch.nn.Bilinear(32, 32, 2)
    with pytest.raises(InputError, match=r"head's classifier is a Bilinear; only heads of nn.Linear"):
        head_linears(model)
