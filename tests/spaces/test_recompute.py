"""A backward pass that computes blocks again gives what one gives that keeps them, wires and all."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.classification import Classification
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.objective import Batch, Losses
from spaces.recompute import check_recomputable, recomputed

SPACE = "lora[all]+shortcut"
OBJECTIVES = {"bert": Classification(("0", "1")), "opt-post": Classification(("0", "1"))}
FAMILIES = ["llama", "gpt2", "opt", "gemma2", "bert", "opt-post"]


@pytest.fixture
def cohort_of(tiny_model, tiny_language_model):
    """A factory: a cohort of so many slots on a tiny model, its wires trained a little."""

    def build(family: str, slots: int, renorm: str = "preserve") -> Cohort:
        objective = OBJECTIVES.get(family, CausalLM())
        model = (tiny_model if family in OBJECTIVES else tiny_language_model)(family)
        sites = find_sites(model, SPACE)
        ranks = [np.random.default_rng(slot).integers(0, 3, len(sites)) for slot in range(slots)]
        plans = [{site.name: int(r) for site, r in zip(sites, own, strict=True)} for own in ranks]
        candidates = [Candidate(Allocation.of(plan), slot, 1e-3) for slot, plan in enumerate(plans)]
        cohort = Cohort(model, sites, objective, candidates, Recipe(renorm=renorm), slots=slots)
        for slot, candidate in enumerate(candidates):
            cohort.load(slot, candidate)
        noise = torch.randn(cohort.stacked.values.shape, generator=torch.Generator().manual_seed(0))
        cohort.stacked.values.add_(noise, alpha=0.05)
        return cohort

    return build


def batch_for(cohort: Cohort, inputs: dict[str, Tensor]) -> Batch:
    tokens = inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, -100)
    labels = tokens if isinstance(cohort.objective, CausalLM) else torch.arange(len(tokens)) % 2
    return Batch(inputs, labels)


def losses_of(cohort: Cohort, inputs: dict[str, Tensor]) -> Losses:
    return cohort.objective.losses(cohort.model, batch_for(cohort, inputs))


def gradient_of(cohort: Cohort, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    losses = losses_of(cohort, inputs).sums
    return losses.detach(), cohort.stacked.gradient(losses.sum())


@pytest.mark.parametrize(
    ("family", "slots", "renorm"),
    [(family, slots, "preserve") for family in FAMILIES for slots in (1, 3)]
    + [(family, 3, "paper") for family in ("bert", "opt-post")],
)
def test_losses_and_gradients_are_the_same_bit_by_bit(cohort_of, tiny_batch, family, slots, renorm):
    cohort = cohort_of(family, slots, renorm)
    with cohort.wires.attach(cohort.model, renorm=renorm), cohort.head.attach():
        kept = gradient_of(cohort, tiny_batch)
        with cohort.recomputed():
            again = gradient_of(cohort, tiny_batch)
    assert torch.equal(kept[0], again[0])
    assert torch.equal(kept[1], again[1])
    assert float(kept[1].norm()) > 0


def test_what_gates_and_slots_were_at_the_pass_holds_when_it_is_computed_again(cohort_of, tiny_batch):
    """As for DyLoRA's second loss: between a pass and its backward pass another one is taken."""
    cohort = cohort_of("llama", 3)
    one = {name: tensor[:2] for name, tensor in tiny_batch.items()}

    def both() -> Tensor:
        cohort.stacked.select((0, 1, 2))
        first = losses_of(cohort, tiny_batch).sums.sum()
        kept = dict(cohort.wires.gates)
        for site in cohort.wires.sites:
            cohort.wires.set_gate(0, site.name, torch.zeros(cohort.wires.gates[site.name].shape[1]))
        cohort.stacked.select((1,))
        second = losses_of(cohort, one).sums.sum()
        gradient = cohort.stacked.gradient(first + 2 * second)
        for site in cohort.wires.sites:
            cohort.wires.set_gate(0, site.name, kept[site.name][0] / cohort.wires.factors[site.name][0])
        cohort.wires.gates.update(kept)
        return gradient

    with cohort.wires.attach(cohort.model):
        kept = both()
        with cohort.recomputed():
            again = both()
    assert torch.equal(kept, again)


@pytest.mark.parametrize("family", ["llama", "bert"])
def test_only_what_goes_into_blocks_is_kept(cohort_of, tiny_batch, family):
    cohort, kept = cohort_of(family, 1), {}
    inside = {id(p) for p in cohort.model.parameters()} | {id(leaf) for leaf in cohort.stacked.leaf.values()}
    for name in ("plain", "again"):
        sizes: list[int] = []

        def pack(tensor: Tensor, sizes: list[int] = sizes) -> Tensor:
            sizes.append(0 if id(tensor) in inside else tensor.numel())
            return tensor

        context = cohort.recomputed() if name == "again" else torch.enable_grad()
        saved = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
        with cohort.wires.attach(cohort.model), cohort.head.attach(), context, saved:
            losses_of(cohort, tiny_batch)
        kept[name] = sum(sizes)
    assert kept["again"] < kept["plain"] / 3


def test_the_model_is_left_as_it_was(cohort_of, tiny_batch):
    cohort = cohort_of("opt", 1)
    with cohort.wires.attach(cohort.model):
        before = [dict(vars(module)) for module in cohort.model.modules()]
        with cohort.recomputed():
            gradient_of(cohort, tiny_batch)
        assert [dict(vars(module)) for module in cohort.model.modules()] == before


def test_nothing_drops_out_though_blocks_are_called_as_in_training(tiny_language_model, tiny_batch):
    model = tiny_language_model("opt", dropout=0.5)
    plain = model(**tiny_batch).logits
    with recomputed(model, []), torch.enable_grad():
        assert torch.equal(model(**tiny_batch).logits, plain)
    with recomputed(model, []), torch.no_grad():
        assert torch.equal(model(**tiny_batch).logits, plain)


def test_a_model_without_such_blocks_is_refused(tiny_model):
    check_recomputable(tiny_model("bert"))
    model = tiny_model("bert")
    model.bert.encoder.layer = nn.ModuleList()
    with pytest.raises(
        InputError, match="has no blocks that transformers can compute again; leave `gradient"
    ):
        check_recomputable(model)
