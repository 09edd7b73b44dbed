"""Stacked heads against the model's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from spaces.errors import InputError
from spaces.head import Head, mark_pretrained_head, own_head_kept
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


@pytest.mark.parametrize("pretrained", [(), ("classifier.weight",)])
def test_a_packed_head_is_refused_by_name(tiny_model, pretrained):
    modules = modules_of(tiny_model("bert"))
    modules["classifier"].weight = nn.Parameter(torch.ones(2, 32, dtype=torch.int8), requires_grad=False)
    stacked = Stacked(Head.shapes(modules), 1, device="cpu")
    with pytest.raises(
        InputError, match=r"the head's classifier.weight is packed \(torch.int8\) and cannot be trained; load"
    ):
        Head(modules, stacked, pretrained=pretrained)


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
    assert model.config.initializer_range == 0.2
    stacked = Stacked(Head.shapes(modules_of(model)), 1, device="cpu")
    Head.of(model, modules_of(model), stacked).load(0, seed=3)
    assert float(stacked.leaf["head.classifier.weight"].detach().std()) == pytest.approx(0.2, rel=0.3)


@pytest.mark.parametrize("marked", [None, (), ("classifier.bias",)])
def test_somebodys_own_head_is_kept_within_the_block_and_what_was_marked_holds_again(tiny_model, marked):
    model = tiny_model("bert")
    with torch.no_grad():
        model.classifier.bias.fill_(0.5)
    if marked is not None:
        mark_pretrained_head(model, marked)
    before = {name: value for name, value in vars(model).items() if name.startswith("_rankscape")}
    modules = modules_of(model)

    def start() -> dict[str, torch.Tensor]:
        head = Head.of(model, modules, Stacked(Head.shapes(modules), 1, device="cpu"))
        head.load(0, seed=3)
        return head.trained(0)

    with own_head_kept(model):
        kept = start()
    after = start()
    for name in ("weight", "bias"):
        assert torch.equal(kept[f"head.classifier.{name}"], getattr(model.classifier, name))
    assert not torch.equal(after["head.classifier.weight"], model.classifier.weight)
    assert (after["head.classifier.bias"] == (0.5 if marked else 0.0)).all()
    assert before == {name: value for name, value in vars(model).items() if name.startswith("_rankscape")}


@pytest.mark.parametrize("register", ["register_forward_hook", "register_forward_pre_hook"])
@pytest.mark.parametrize("part", ["classifier", "classifier.0"])
def test_what_else_is_hooked_to_a_head_runs_once_and_never_on_its_copy(
    tiny_model, tiny_batch, register, part
):
    model, seen = tiny_model("bert"), []
    model.classifier = _other_head("norm", model)
    getattr(model.get_submodule(part), register)(lambda *_: seen.append(1))
    modules = modules_of(model)
    with Head(modules, Stacked(Head.shapes(modules), 1, device="cpu")).attach():
        model(**tiny_batch)
    assert len(seen) == 1


def test_of_two_heads_the_one_attached_last_computes(tiny_model, tiny_batch):
    model = tiny_model("bert")
    model.classifier = _other_head("norm", model)
    modules = modules_of(model)
    heads = [Head(modules, Stacked(Head.shapes(modules), 1, device="cpu")) for _ in range(2)]
    for seed, head in enumerate(heads):
        head.load(0, seed=seed)
    with heads[1].attach():
        alone = model(**tiny_batch).logits
    with heads[0].attach(), heads[1].attach():
        assert torch.equal(model(**tiny_batch).logits, alone)
