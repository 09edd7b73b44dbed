"""Stacked heads against the model's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from spaces.errors import InputError
from spaces.head import Head, initial_std
from spaces.stacked import Stacked


def modules_of(model: PreTrainedModel, *names: str) -> dict[str, nn.Module]:
    return {name: model.get_submodule(name) for name in names or ("classifier",)}


@pytest.mark.parametrize(("family", "names"), [
    ("bert", ["classifier"]),
    ("roberta", ["classifier.dense", "classifier.out_proj"]),
    ("deberta-v2", ["pooler.dense", "classifier"]),
    ("opt", ["score"]),
])  # fmt: skip
def test_each_slot_computes_with_its_own_head(tiny_model, tiny_batch, family, names):
    model = tiny_model(family)
    modules = modules_of(model, *names)
    stacked = Stacked(Head.shapes(modules), 2, device="cpu")
    head = Head(modules, stacked)
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
    stacked = Stacked(Head.shapes(modules_of(model)), 3, device="cpu")
    head = Head(modules_of(model), stacked)
    for slot, seed in enumerate((4, 4, 5)):
        head.load(slot, seed=seed)
    weight = stacked.leaf["head.classifier.weight"]
    assert torch.equal(weight[0], weight[1])
    assert not torch.equal(weight[0], weight[2])
    assert not stacked.leaf["head.classifier.bias"].any()


def _other_head(kind: str, model: PreTrainedModel) -> nn.Module:
    """A head for BERT's pooled output, (rows, 32), of modules that are no plain linears."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if kind == "norm":  # as ModernBERT's
            return nn.Sequential(nn.Linear(32, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, 2))
        if kind == "convolution":  # any module of one tensor will do
            return nn.Sequential(nn.Unflatten(1, (2, 16)), nn.Conv1d(2, 2, 16), nn.Flatten(1))
        return _Gated()


class _Gated(nn.Module):
    """A module with a parameter of its own beside those of the linear inside it."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.ones(2))
        self.linear = nn.Linear(32, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gate * self.linear(x)


@pytest.mark.parametrize("kind", ["norm", "convolution", "gated"])
def test_heads_of_any_modules_are_trained_for_each_slot(tiny_model, tiny_batch, kind):
    model = tiny_model("bert")
    model.classifier = _other_head(kind, model)
    stacked = Stacked(Head.shapes(modules_of(model)), 2, device="cpu")
    assert set(stacked.leaf) == {f"head.classifier.{name}" for name, _ in model.classifier.named_parameters()}
    head = Head(modules_of(model), stacked)
    for slot in (0, 1):
        head.load(slot, seed=slot)
        with torch.no_grad():
            for name in stacked.leaf:
                stacked.slot(name, slot).add_(0.1 * (slot + 1))
    twice = {name: tensor.repeat(2, 1) for name, tensor in tiny_batch.items()}
    with head.attach():
        both = model(**twice).logits.view(2, 6, -1)
    gradient = stacked.gradient(both[0].square().sum())
    assert gradient[0].any()
    assert not gradient[1].any()
    for slot in (0, 1):
        own = {name.removeprefix("head."): tensor for name, tensor in head.trained(slot).items()}
        model.load_state_dict(own, strict=False)
        torch.testing.assert_close(model(**tiny_batch).logits, both[slot], rtol=0, atol=1e-5)


def test_a_head_starts_with_norms_of_one_and_biases_of_zero(tiny_model):
    model = tiny_model("bert")
    model.classifier = _other_head("norm", model)
    stacked = Stacked(Head.shapes(modules_of(model)), 1, device="cpu")
    Head(modules_of(model), stacked).load(0, seed=3)
    assert (stacked.leaf["head.classifier.2.weight"] == 1).all()
    assert not stacked.leaf["head.classifier.2.bias"].any()
    assert stacked.leaf["head.classifier.3.weight"].std() > 0


def test_a_module_of_two_tensors_is_refused_by_name(tiny_model, tiny_batch):
    model = tiny_model("bert")
    model.classifier = _Pairing()
    pair = modules_of(model, "classifier.pair")
    stacked = Stacked(Head.shapes(pair), 1, device="cpu")
    with (
        Head(pair, stacked).attach(),
        pytest.raises(InputError, match=r"classifier.pair takes 2 arguments"),
    ):
        model(**tiny_batch)


class _Pairing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pair = nn.Bilinear(32, 32, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pair(x, x)


def test_without_modules_nothing_trains_and_nothing_changes(tiny_model, tiny_batch):
    model = tiny_model("bert")
    before = model(**tiny_batch).logits
    stacked = Stacked(Head.shapes({}), 2, device="cpu")
    head = Head({}, stacked)
    head.load(0, seed=3)
    with head.attach():
        assert torch.equal(model(**tiny_batch).logits, before)
    assert head.trained(0) == {}


def test_weights_start_at_the_standard_deviation_that_the_model_states(tiny_model):
    model = tiny_model("bert")
    assert initial_std(model) == model.config.initializer_range == 0.2
    stacked = Stacked(Head.shapes(modules_of(model)), 1, device="cpu")
    Head(modules_of(model), stacked, std=initial_std(model)).load(0, seed=3)
    assert float(stacked.leaf["head.classifier.weight"].detach().std()) == pytest.approx(0.2, rel=0.3)
