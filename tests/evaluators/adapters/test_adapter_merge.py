"""Adapters folded into the base model, and what cannot be."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from evaluators.adapters.adapter import merge
from evaluators.training.candidate import Recipe
from spaces.errors import InputError
from spaces.scaling import Scaling
from tests.evaluators.adapters.attached import FAMILIES, LABELS, logits_of, model_hooks

# Every family under one scaling rule, and every rule where linears are plain, and where they are fused.
FAMILIES_AND_RULES = [
    *((family, "alpha/sqrt(r)") for family in FAMILIES),
    *((family, rule) for family in ("bert", "gpt2") for rule in ("alpha/r", "constant")),
]


def plain_lora(family):
    """Every lora role whose wires PEFT and folding can express."""
    return "lora[v,o,fc1,fc2]" if family == "deberta-v2" else "lora[all]"


@pytest.mark.parametrize(("family", "rule"), FAMILIES_AND_RULES)
def test_merge_gives_the_same_logits_in_a_plain_model(tmp_path, saved, tiny_model, tiny_batch, family, rule):
    recipe = Recipe(scaling=Scaling(rule, reference_rank=3))
    expected = saved(tmp_path / "a", tiny_model(family), plain_lora(family), recipe=recipe)
    model = tiny_model(family)
    assert merge(tmp_path / "a", model) is model
    assert not model_hooks(model)
    torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)
    assert model.config.id2label == dict(enumerate(LABELS))


@pytest.mark.parametrize(
    ("family", "space", "reason"),
    [
        ("bert", "lora+shortcut", r"'layers.0.res2'.* cannot be folded: a shortcut adds to a sum"),
        ("llama", "cross", r"cannot be folded: a shortcut adds to a sum"),
        ("deberta-v2", "lora[q,k,v]", r"cannot be folded: their linears also project positions"),
    ],
)
def test_merge_refuses_what_cannot_be_folded_and_changes_nothing(
    tmp_path, saved, tiny_model, family, space, reason
):
    model = tiny_model(family)
    saved(tmp_path / "a", model, space)
    assert_merge_refuses(tmp_path / "a", model, reason)


def test_merge_refuses_a_weight_that_two_modules_share_and_changes_nothing(tmp_path, saved, tiny_model):
    """As Zamba's blocks do: each has wires of its own, and one weight cannot take both."""
    model = tiny_model("bert")
    first, second = (model.bert.encoder.layer[i].attention.self.query for i in (0, 1))
    second.weight = first.weight
    saved(tmp_path / "a", model, "lora[q]")
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(
        InputError, match=r"layer.0.attention.self.query.*layer.1.attention.self.query.* alike"
    ):
        merge(tmp_path / "a", model)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)


def test_merge_refuses_quantized_linears_and_changes_nothing(tmp_path, saved, tiny_model):
    model = tiny_model("bert")
    saved(tmp_path / "a", model, "lora")
    packed = model.get_submodule("bert.encoder.layer.2.attention.self.value")
    packed.weight = nn.Parameter(torch.zeros(32, 32, dtype=torch.int8), requires_grad=False)
    assert_merge_refuses(
        tmp_path / "a", model, r"layer\.2.*value is a Linear whose weight is quantized.*without quant"
    )


def assert_merge_refuses(folder, model, reason):
    before, config = copy.deepcopy(model.state_dict()), model.config.to_dict()
    with pytest.raises(InputError, match=reason):
        merge(folder, model)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert model.config.to_dict() == config
