"""Wires over a base model of 4 or 8 bits: against PEFT's QLoRA, saved and loaded again, and who refuses."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.adapters.adapter import load_adapter, merge, save_adapter
from evaluators.adapters.adapter_record import read_adapter_record
from evaluators.adapters.export import export_adapter
from evaluators.base.base_model import ModelSource, load_base_model
from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.classification import Classification
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from proxies.measure.synflow_gradients import of_synflow_gradients
from search.methods.full import Full
from spaces.allocation import Allocation
from spaces.base_weight import base_weight
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.meta_model import base_params
from spaces.objective import Batch
from tests.doubling import doubling_task

pytest.importorskip("bitsandbytes")
CASES = [(family, bits) for family in ("llama", "gpt2") for bits in (4, 8)]
TARGETS = {"llama": ["q_proj", "down_proj"], "gpt2": ["attn.c_proj", "mlp.c_fc"]}
ROLES = {"llama": "q,down", "gpt2": "o,fc1"}


@pytest.fixture
def packed(tiny_language_model, tmp_path) -> Callable[[str, int | None], PreTrainedModel]:
    """A factory: a tiny model saved and loaded with its linears packed in so many bits; None: as they are."""

    def load(family: str, bits: int | None) -> PreTrainedModel:
        folder = tmp_path / family
        if not folder.exists():
            tiny_language_model(family).save_pretrained(folder)
        source = ModelSource(str(folder), None, architecture="causal_lm", bits=bits)
        return load_base_model(source, device="cpu")

    return load


@pytest.fixture(scope="module")
def task() -> Task:
    return doubling_task()


def cohort_on(model: PreTrainedModel, space: str, slots: int = 1) -> Cohort:
    """Random wires of rank 3 everywhere, each slot its own."""
    sites = find_sites(model, space)
    candidates = [Candidate(Allocation.of({site.name: 3 for site in sites}), s, 1e-3) for s in range(slots)]
    cohort = Cohort(model, sites, CausalLM(), candidates, Recipe(), slots=slots)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
    noise = torch.randn(cohort.stacked.values.shape, generator=torch.Generator().manual_seed(0))
    cohort.stacked.values.add_(noise, alpha=0.1)
    return cohort


def batch_for(inputs: dict[str, Tensor]) -> Batch:
    return Batch(inputs, inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, -100))


@pytest.mark.parametrize(("family", "bits"), CASES)
def test_loss_and_gradients_are_those_of_pefts_adapter_on_the_same_packed_model(
    packed, tiny_batch, family, bits
):
    model, batch = packed(family, bits), batch_for(tiny_batch)
    cohort = cohort_on(model, f"lora[{ROLES[family]}]")
    with cohort.wires.attach(model):
        own = cohort.objective.losses(model, batch).mean()
        gradient = cohort.stacked.gradient(own)
    config = LoraConfig(task_type="CAUSAL_LM", r=3, lora_alpha=16, target_modules=TARGETS[family])
    adapted = get_peft_model(packed(family, bits), config).eval()
    theirs = dict(adapted.named_parameters())
    pairs = {
        f"{site.name}.{m}": theirs[f"base_model.model.{site.target.module}.lora_{m}.default.weight"]
        for site in cohort.wires.sites
        for m in "AB"
    }
    with torch.no_grad():
        for name, parameter in pairs.items():
            parameter.copy_(cohort.stacked.slot(name, 0))
    loss = adapted(**batch.inputs, labels=batch.labels).loss
    loss.backward()
    apart = 1e-4 if bits == 4 else 2e-2  # 8 bits round what linears read, by its largest numbers
    torch.testing.assert_close(own, loss, rtol=apart, atol=apart)
    for name, found in cohort.stacked.named(gradient[0]).items():
        torch.testing.assert_close(found, pairs[name].grad, rtol=10 * apart, atol=apart)


@pytest.mark.parametrize("bits", [4, 8])
def test_candidates_train_on_it_and_are_what_they_are_alone(packed, task, bits):
    model = packed("llama", bits)
    sites, recipe = find_sites(model, "lora[all]+shortcut"), Recipe(epochs=1, batch_size=8)
    ranks = [{"layers.0.q": 2, "layers.1.res1": 1}, {"layers.2.down": 3}]
    candidates = [Candidate(Allocation.of(own), seed, 1e-2) for seed, own in enumerate(ranks)]
    together = train_cohort(model, sites, task, whole(candidates), recipe, slots=2)
    for candidate, one in zip(candidates, together, strict=True):
        (alone,) = train_cohort(model, sites, task, whole([candidate]), recipe, slots=1)
        assert one.evaluation.loss == pytest.approx(alone.evaluation.loss, abs=1e-4 if bits == 4 else 0.05)
    assert all(tensor.dtype == torch.float32 for one in together for tensor in one.tensors.values())


@pytest.mark.parametrize("bits", [4, 8])
def test_a_saved_adapter_is_loaded_on_it_by_us_and_by_peft_and_is_not_merged(
    packed, task, tiny_batch, tmp_path, bits, caplog
):
    model, recipe = packed("llama", bits), Recipe(epochs=1, batch_size=8)
    sites = find_sites(model, "lora[q,v]")
    candidate = Candidate(Allocation.of({site.name: 2 for site in sites}), 0, 1e-1)
    (trained,) = train_cohort(model, sites, task, whole([candidate]), recipe, slots=1)
    folder = saved(tmp_path / "adapter", trained, model, sites, recipe, task.validation)
    with torch.no_grad():
        plain = model(**tiny_batch).logits
        with load_adapter(folder, model):
            ours = model(**tiny_batch).logits
        stock = PeftModel.from_pretrained(packed("llama", bits), folder).eval()
        theirs = stock(**tiny_batch).logits
    assert float((ours - plain).abs().max()) > 0.1
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3 if bits == 4 else 0.1)
    with pytest.raises(InputError, match="whose weight is quantized"):
        merge(folder, model)
    assert read_adapter_record(folder).base_bits == bits
    with caplog.at_level(logging.WARNING):
        export_adapter(folder, tmp_path / "padded", "padded", base=str(tmp_path / "llama"))
    said = f"measured over a base model in {bits} bits; over weights that are not packed so it gives other"
    assert said in caplog.text
    assert said in " ".join((tmp_path / "padded" / "README.md").read_text().split())


BITS = (None, 4, 8)


@pytest.mark.parametrize("use", [load_adapter, merge])
@pytest.mark.parametrize(("before", "now"), [(one, other) for one in BITS for other in BITS])
def test_a_base_that_is_packed_otherwise_than_in_training_is_warned_of(
    packed, task, tmp_path, caplog, before, now, use
):
    model, recipe = packed("llama", before), Recipe(epochs=0.1, batch_size=8)
    sites = find_sites(model, "lora[q]")
    candidate = Candidate(Allocation.of({sites[0].name: 1}), 0, 1e-3)
    (trained,) = train_cohort(model, sites, task, whole([candidate]), recipe, slots=1)
    folder = saved(tmp_path / "adapter", trained, model, sites, recipe, task.validation)
    caplog.clear()
    with nullcontext() if use is load_adapter or now is None else pytest.raises(InputError):
        use(folder, packed("llama", now))
    said = {bits: "that is not packed" if bits is None else f"in {bits} bits" for bits in BITS}
    words = f"was trained over a base model {said[before]}, and this one is {said[now]}; never tried on it"
    assert caplog.messages == ([] if before == now else [f"{folder} {words}"])


def test_an_adapter_of_an_older_version_says_nothing_of_how_its_base_was_packed(
    packed, task, tmp_path, caplog
):
    model, recipe = packed("llama", 4), Recipe(epochs=0.1, batch_size=8)
    sites = find_sites(model, "lora[q]")
    candidate = Candidate(Allocation.of({sites[0].name: 1}), 0, 1e-3)
    (trained,) = train_cohort(model, sites, task, whole([candidate]), recipe, slots=1)
    folder = saved(tmp_path / "adapter", trained, model, sites, recipe, task.validation)
    record = json.loads((folder / "rankscape.json").read_text())
    del record["base_bits"], record["base_digest"]
    (folder / "rankscape.json").write_text(json.dumps(record))
    caplog.clear()
    load_adapter(folder, packed("llama", None))
    assert not caplog.messages


@pytest.mark.parametrize("bits", [4, 8])
def test_the_card_of_a_classifier_over_a_packed_base_says_which_modules_are_not_packed(
    tiny_model, tmp_path, bits
):
    tiny_model("roberta").save_pretrained(tmp_path / "roberta")
    model = load_base_model(ModelSource(str(tmp_path / "roberta"), 2, bits=bits), device="cpu")
    rows = Rows(tuple(np.arange(5, 9 + i) for i in range(8)), None, np.arange(8) % 2)
    task = Task("parity", Classification(("even", "odd")), rows, rows, rows)
    sites, recipe = find_sites(model, "lora[q]"), Recipe(batch_size=8)
    candidate = Candidate(Allocation.of({sites[0].name: 1}), 0, 1e-3)
    (trained,) = train_cohort(model, sites, task, whole([candidate]), recipe, slots=1)
    options = {"model": model, "sites": sites, "recipe": recipe, "base": "base", "rows": rows}
    save_adapter(tmp_path / "adapter", trained, objective=task.objective, **options)
    said = "llm_int8_skip_modules=['classifier.dense', 'classifier.out_proj']"
    assert said in (tmp_path / "adapter" / "README.md").read_text()


def saved(folder: Path, trained, model, sites, recipe, rows: Rows) -> Path:
    save_adapter(
        folder,
        trained,
        model=model,
        sites=sites,
        recipe=recipe,
        base="base",
        objective=CausalLM(),
        rows=rows,
    )
    return folder


@pytest.mark.parametrize(("family", "bits"), CASES)
def test_a_packed_model_has_the_sites_and_the_parameters_of_the_plain_one(
    packed, tiny_language_model, family, bits
):
    model, plain = packed(family, bits), tiny_language_model(family)
    assert base_params(model) == base_params(plain)
    assert find_sites(model, "lora[all]+shortcut") == find_sites(plain, "lora[all]+shortcut")
    assert not any(one.requires_grad for one in model.parameters())


@pytest.mark.parametrize("bits", [4, 8])
def test_what_needs_the_weights_themselves_says_so(packed, bits):
    model = packed("llama", bits)
    sites = find_sites(model, "lora[q]")
    with pytest.raises(InputError, match="weight is not a plain matrix; load the model without quant"):
        base_weight(model, sites[0])
    with pytest.raises(InputError, match=r"synflow takes the absolute .* is packed in 4 or 8 bits; load the"):
        of_synflow_gradients(lambda site, gradient: None, model, CausalLM(), sites)
    with pytest.raises(
        InputError, match=r"full trains copies .* is packed in 4 or 8 bits; load the model wi"
    ):
        Full.of(model).hooks(cohort_on(model, "lora[q]"), doubling_task())


@pytest.mark.parametrize("bits", [4, 8])
def test_a_candidate_is_judged_by_the_packed_weights_that_it_was_trained_on(packed, tiny_batch, bits):
    """bitsandbytes may pack anew in a pass without gradients, in other numbers."""
    model = packed("llama", bits)
    before = [one.clone() for one in model.parameters()]
    cohort = cohort_on(model, "lora[all]")
    with cohort.wires.attach(model):
        learning = cohort.objective.losses(model, batch_for(tiny_batch)).sums
        with torch.no_grad():
            judging = cohort.objective.losses(model, batch_for(tiny_batch)).sums
    torch.testing.assert_close(learning.detach(), judging, rtol=1e-5, atol=1e-4)
    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), before, strict=True))
