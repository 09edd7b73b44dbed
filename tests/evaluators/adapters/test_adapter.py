"""Adapters saved, loaded back and folded into the base model; and adapters that do not fit."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

from evaluators.adapters.adapter import load_adapter, merge, save_adapter
from evaluators.adapters.base_digest import base_digest
from evaluators.data.rows import Rows
from evaluators.objectives.classification import Classification
from evaluators.objectives.regression import Regression
from evaluators.training.candidate import Candidate, Evaluation, Recipe, Trained
from evaluators.training.cohort import Cohort, restored
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.scaling import SCALING_RULES, Scaling
from tests.evaluators.adapters.attached import FAMILIES, LABELS, RECORD, logits_of, model_hooks


@pytest.mark.parametrize("family", FAMILIES)
def test_a_loaded_adapter_gives_the_same_logits_and_detaches_without_trace(
    tmp_path, saved, tiny_model, tiny_batch, family
):
    model = tiny_model(family)
    before, state = logits_of(model, tiny_batch), copy.deepcopy(model.state_dict())
    expected = saved(tmp_path / "a", model, "lora[all]+shortcut+cross[all;span=2]")
    assert (expected - before).abs().max() > 1e-2
    fresh = tiny_model(family)
    with load_adapter(tmp_path / "a", fresh):
        torch.testing.assert_close(logits_of(fresh, tiny_batch), expected, rtol=0, atol=1e-5)
    assert torch.equal(logits_of(fresh, tiny_batch), before)
    assert not model_hooks(fresh)
    torch.testing.assert_close(fresh.state_dict(), state, rtol=0, atol=0)


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
@pytest.mark.parametrize("space", ["shortcut", "lora+shortcut"])
def test_the_renorm_comes_back_too(tmp_path, saved, tiny_model, tiny_batch, renorm, space):
    model = tiny_model("bert")
    expected = saved(tmp_path / "a", model, space, recipe=Recipe(renorm=renorm))
    load_adapter(tmp_path / "a", model)
    torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


def test_files_are_written_only_for_the_wires_that_are_on(tmp_path, saved, tiny_model, tiny_batch):
    both = {"head.safetensors", "README.md", RECORD}
    shortcuts = saved(tmp_path / "shortcuts", tiny_model("bert"), "shortcut")
    nothing = saved(tmp_path / "nothing", tiny_model("bert"), "lora", allocation=Allocation.of({}))
    saved(tmp_path / "deberta", tiny_model("deberta-v2"), "lora[q,v]")
    assert {path.name for path in (tmp_path / "shortcuts").iterdir()} == {*both, "wires.safetensors"}
    assert {path.name for path in (tmp_path / "deberta").iterdir()} == {*both, "wires.safetensors"}
    assert {path.name for path in (tmp_path / "nothing").iterdir()} == both
    for name, expected in (("shortcuts", shortcuts), ("nothing", nothing)):
        model = tiny_model("bert")
        with load_adapter(tmp_path / name, model):
            torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("space", "file", "message"),
    [
        (
            "lora",
            "adapter_model.safetensors",
            r"adapter_model.safetensors cannot be read .*; save the adapter",
        ),
        ("lora", "adapter_config.json", r"adapter_config.json cannot be read .*; save the adapter again"),
        ("lora+residual", "wires.safetensors", r"wires.safetensors has no layers\.0\.q\.A; save the adapter"),
    ],
)
def test_wires_are_stored_once_and_a_file_of_them_that_is_gone_is_named(
    tmp_path, saved, tiny_model, space, file, message
):
    model = tiny_model("bert")
    saved(tmp_path / "a", model, space)
    (tmp_path / "a" / file).unlink()
    with pytest.raises(InputError, match=message):
        load_adapter(tmp_path / "a", model)


def test_the_record_says_how_the_adapter_was_made(tmp_path, saved, tiny_model):
    recipe = Recipe(scaling=Scaling("constant", reference_rank=4), renorm="paper")
    allocation = Allocation.of({"layers.0.q": 2, "layers.1.cut": 1})
    saved(tmp_path / "a", tiny_model("bert"), "lora+shortcut", recipe=recipe, allocation=allocation)
    assert json.loads((tmp_path / "a" / RECORD).read_text()) == {
        "format_version": 1,
        "base": "some/base",
        "architecture": "sequence_classification",
        "allocation": {"layers.0.q": 2, "layers.1.cut": 1},
        "scaling": {"rule": "constant", "lora_alpha": 16.0, "shortcut_alpha": 4.0, "reference_rank": 4},
        "renorm": "paper",
        "seed": 5,
        "learning_rate": 1e-3,
        "label_names": list(LABELS),
        "params": {"wires": 2 * 64 + 64, "head": 32 * 2 + 2},
        "stock_peft": False,
        "linears_stock": True,
        "pad_token_id": 1,
        "base_digest": base_digest(tiny_model("bert")),
        "base_bits": None,
        "story": None,
    }


@pytest.mark.parametrize("rule", SCALING_RULES)
def test_an_adapter_has_the_scaling_of_its_candidate_for_us_and_for_peft(
    tmp_path, tiny_model, tiny_batch, rule
):
    """Whatever that of the recipe is, which its neighbour in the cohort has."""
    model, recipe = tiny_model("bert"), Recipe(scaling=Scaling("constant", lora_alpha=8.0))
    sites, objective = find_sites(model, "lora[q,v,fc1]"), Classification(LABELS)
    ranks = Allocation.of({site.name: (3, 1, 2)[i % 3] for i, site in enumerate(sites)})
    candidates = [Candidate(ranks, 0, 1e-3), Candidate(ranks, 1, 1e-3, scaling=rule)]
    cohort = Cohort(model, sites, objective, candidates, recipe, slots=2)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
    divisors = {"alpha/r": [3, 1, 2], "alpha/sqrt(r)": np.sqrt([3, 1, 2]), "constant": [8, 8, 8]}
    for i, site in enumerate(sites):
        assert cohort.wires.factors[site.name].tolist() == pytest.approx([1.0, 8.0 / divisors[rule][i % 3]])
    cohort.stacked.values.copy_(torch.randn(2, cohort.stacked.values.shape[1]) * 0.15)
    cohort.stacked.select([1])
    with cohort.wires.attach(model), cohort.head.attach():
        expected = logits_of(model, tiny_batch)
    trained = Trained(Evaluation(candidates[1], 0.5, 0.5, None, (), 0.0, 0), cohort.trained(1))
    how = {"model": model, "sites": sites, "recipe": recipe, "base": "b", "objective": objective}
    rows = Rows((np.arange(4, 9),), None, np.zeros(1, dtype=np.int64))
    save_adapter(tmp_path / "a", trained, **how, rows=rows)
    with restored(model, sites, objective, [trained], recipe):
        torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)
    again = tiny_model("bert")
    with load_adapter(tmp_path / "a", again):
        torch.testing.assert_close(logits_of(again, tiny_batch), expected, rtol=0, atol=1e-5)
    merged = logits_of(merge(tmp_path / "a", tiny_model("bert")), tiny_batch)
    torch.testing.assert_close(merged, expected, rtol=0, atol=1e-5)
    stock = PeftModel.from_pretrained(tiny_model("bert"), tmp_path / "a").eval()
    torch.testing.assert_close(logits_of(stock, tiny_batch), expected, rtol=0, atol=1e-5)
    assert json.loads((tmp_path / "a" / RECORD).read_text())["scaling"]["rule"] == rule


def test_a_failed_candidate_is_not_saved(tmp_path, saved, tiny_model):
    candidate = Candidate(Allocation.of({"layers.0.q": 2}), 0, 1e-3)
    failed = Trained(Evaluation(candidate, None, None, "the loss became nan", (), 0.0, 0), {})
    model = tiny_model("bert")
    with pytest.raises(InputError, match="failed candidate has no adapter to save: the loss became nan"):
        save_adapter(
            tmp_path / "a",
            failed,
            model=model,
            sites=find_sites(model, "lora"),
            recipe=Recipe(),
            base="b",
            objective=Classification(LABELS),
            rows=Rows((), None, np.zeros(0)),
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("label", ["\x1b[31mred", "a\nb", "\ud800", "\0", "é" * 300, ""])
def test_labels_of_any_characters_come_back(tmp_path, saved, tiny_model, tiny_batch, label):
    model = tiny_model("bert")
    expected = saved(tmp_path / "a", model, "lora", objective=Classification(("plain", label)))
    load_adapter(tmp_path / "a", model)
    assert model.config.id2label == {0: "plain", 1: label}
    torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


def test_the_labels_names_are_the_adapters_while_it_is_attached(tmp_path, saved, tiny_model):
    model = tiny_model("bert")
    saved(tmp_path / "a", model, "lora")
    before = model.config.to_dict()
    with load_adapter(tmp_path / "a", model):
        assert model.config.id2label == dict(enumerate(LABELS))
        assert model.config.label2id == {"negative": 0, "positive": 1}
    assert model.config.to_dict() == before


def test_a_decoder_without_a_padding_token_gets_the_one_it_was_trained_with(
    tmp_path, saved, tiny_model, tiny_batch
):
    expected = saved(tmp_path / "a", tiny_model("llama"), "lora[all]")
    model = tiny_model("llama", pad_token_id=None)
    with load_adapter(tmp_path / "a", model):
        torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)
    assert model.config.pad_token_id is None
    merge(tmp_path / "a", model).save_pretrained(tmp_path / "merged")
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "merged")
    torch.testing.assert_close(logits_of(again, tiny_batch), expected, rtol=0, atol=1e-5)
    assert again.config.id2label == dict(enumerate(LABELS))


def test_a_padding_token_of_the_models_own_stays(tmp_path, saved, tiny_model):
    saved(tmp_path / "a", tiny_model("llama"), "lora[all]")
    model = tiny_model("llama", pad_token_id=7)
    assert merge(tmp_path / "a", model).config.pad_token_id == 7


def test_regression_has_one_output_and_no_label_names(tmp_path, saved, tiny_model, tiny_batch):
    model = tiny_model("bert", num_labels=1)
    expected = saved(tmp_path / "a", model, "lora", objective=Regression())
    merge(tmp_path / "a", model)
    torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


def test_a_bfloat16_model_takes_an_adapter_and_its_merged_weights(tmp_path, saved, tiny_model, tiny_batch):
    expected = saved(tmp_path / "a", tiny_model("bert").bfloat16(), "lora[all]")
    model = tiny_model("bert").bfloat16()
    with load_adapter(tmp_path / "a", model):
        assert torch.equal(logits_of(model, tiny_batch), expected)
    merged = logits_of(merge(tmp_path / "a", model), tiny_batch)
    assert merged.dtype == torch.bfloat16
    assert (merged - expected).abs().max() < 0.2


def test_an_adapter_loads_onto_a_model_that_is_not_frozen(tmp_path, saved, tiny_model, tiny_batch):
    model = tiny_model("bert").requires_grad_(True)
    expected = saved(tmp_path / "a", model, "lora+shortcut")
    with load_adapter(tmp_path / "a", model):
        logits = model(**tiny_batch).logits
        torch.testing.assert_close(logits.detach(), expected, rtol=0, atol=1e-5)
        logits.sum().backward()


@pytest.mark.parametrize("use", [load_adapter, merge])
def test_a_pad_token_that_cannot_be_embedded_gives_way_to_the_one_trained_with(
    tmp_path, saved, tiny_model, tiny_batch, use
):
    expected = saved(tmp_path / "a", tiny_model("gpt2"), "lora[all]")
    users = tiny_model("gpt2")
    users.config.pad_token_id = 100  # added to the tokenizer alone; training pads with 1 instead
    use(tmp_path / "a", users)
    assert users.config.pad_token_id == 1
    torch.testing.assert_close(logits_of(users, tiny_batch), expected, rtol=0, atol=1e-5)


def test_a_record_of_an_older_version_is_of_a_classifier(tmp_path, saved, tiny_model, tiny_batch):
    expected = saved(tmp_path / "a", tiny_model("bert"), "lora")
    record = json.loads((tmp_path / "a" / RECORD).read_text())
    del record["architecture"]
    (tmp_path / "a" / RECORD).write_text(json.dumps(record))
    model = tiny_model("bert")
    with load_adapter(tmp_path / "a", model):
        torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("use", [load_adapter, merge])
def test_an_adapter_of_a_model_for_another_task_is_refused(
    tmp_path, saved, tiny_model, tiny_language_model, use
):
    saved(tmp_path / "a", tiny_model("llama"), "lora")
    with pytest.raises(InputError, match="for sequence_classification, and this is a LlamaForCausalLM; load"):
        use(tmp_path / "a", tiny_language_model("llama"))
    record = json.loads((tmp_path / "a" / RECORD).read_text())
    (tmp_path / "a" / RECORD).write_text(json.dumps({**record, "architecture": "causal_lm"}))
    with pytest.raises(InputError, match="for causal_lm, and this is a LlamaForSequenceClassification"):
        use(tmp_path / "a", tiny_model("llama"))
