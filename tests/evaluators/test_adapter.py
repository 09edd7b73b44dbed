"""Adapters saved, loaded back, read by stock peft, and folded; and what happens when that fails."""

from __future__ import annotations

import copy
import json
import math
import re

import pytest
import torch
from peft import PeftModel
from torch import nn

import evaluators.adapter as adapter_module
import evaluators.peft_adapter as peft_adapter_module
from evaluators.adapter import load_adapter, merge, save_adapter
from evaluators.candidate import Candidate, Evaluation, Recipe, Trained
from evaluators.cohort import Cohort
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.scaling import SCALING_RULES, Scaling

FAMILIES = ["bert", "roberta", "opt", "opt-post", "gpt2", "llama", "qwen3", "deberta-v2"]
LABELS = ("negative", "positive")
# Every family under one scaling rule, and every rule where linears are plain, and where they are fused.
FAMILIES_AND_RULES = [
    *((family, "alpha/sqrt(r)") for family in FAMILIES),
    *((family, rule) for family in ("bert", "gpt2") for rule in ("alpha/r", "constant")),
]
PEFT_FILES = {"adapter_config.json", "adapter_model.safetensors"}
RECORD = "rankscape.json"


def logits_of(model, batch):
    with torch.no_grad():
        return model(**batch).logits


def some_ranks(sites):
    """Ranks 3, 1, 4, 2 and off, in turn: neighbours differ, and so do the parts of a fused linear."""
    return Allocation.of({site.name: (3, 1, 0, 4, 2)[i % 5] for i, site in enumerate(sites)})


def trained_at_random(model, sites, allocation, recipe):
    """A cohort of one slot with random wires and head, and what it would have trained."""
    candidate = Candidate(allocation, seed=5, learning_rate=1e-3)
    cohort = Cohort(model, sites, [candidate], recipe, slots=1)
    cohort.load(0, candidate)
    generator = torch.Generator().manual_seed(0)
    cohort.stacked.values.copy_(torch.randn(cohort.stacked.values.shape, generator=generator) * 0.15)
    evaluation = Evaluation(candidate, 0.5, 0.5, None, (), 0.0, 0)
    return cohort, Trained(evaluation, cohort.trained(0))


def saved(folder, model, batch, space, *, recipe=None, allocation=None, base="some/base"):
    """Logits with the wires and head attached directly, their adapter written to ``folder``."""
    recipe = recipe or Recipe()
    sites = find_sites(model, space)
    cohort, trained = trained_at_random(model, sites, allocation or some_ranks(sites), recipe)
    with cohort.wires.attach(model, renorm=recipe.renorm), cohort.head.attach():
        logits = logits_of(model, batch)
    save_adapter(folder, trained, model=model, sites=sites, recipe=recipe, base=base, label_names=LABELS)
    assert not model_hooks(model)
    return logits


def model_hooks(model):
    return [m for m in model.modules() if m._forward_hooks or m._forward_pre_hooks]


def plain_lora(family):
    """Every lora role whose wires PEFT and folding can express."""
    return "lora[v,o,fc1,fc2]" if family == "deberta-v2" else "lora[all]"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_loaded_adapter_gives_the_same_logits_and_detaches_without_trace(
    tmp_path, tiny_model, tiny_batch, family
):
    model = tiny_model(family)
    before, state = logits_of(model, tiny_batch), copy.deepcopy(model.state_dict())
    expected = saved(tmp_path / "a", model, tiny_batch, "lora[all]+shortcut+cross[in,cut;span=2]")
    assert (expected - before).abs().max() > 1e-2
    fresh = tiny_model(family)
    with load_adapter(tmp_path / "a", fresh):
        torch.testing.assert_close(logits_of(fresh, tiny_batch), expected, rtol=0, atol=1e-5)
    assert torch.equal(logits_of(fresh, tiny_batch), before)
    assert not model_hooks(fresh)
    torch.testing.assert_close(fresh.state_dict(), state, rtol=0, atol=0)


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
@pytest.mark.parametrize("space", ["shortcut", "lora+shortcut"])
def test_the_renorm_comes_back_too(tmp_path, tiny_model, tiny_batch, renorm, space):
    model = tiny_model("bert")
    expected = saved(tmp_path / "a", model, tiny_batch, space, recipe=Recipe(renorm=renorm))
    load_adapter(tmp_path / "a", model)
    torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("family", "rule"), FAMILIES_AND_RULES)
def test_stock_peft_loads_lora_wires_and_head(tmp_path, tiny_model, tiny_batch, family, rule):
    recipe = Recipe(scaling=Scaling(rule, reference_rank=3))
    expected = saved(tmp_path / "a", tiny_model(family), tiny_batch, plain_lora(family), recipe=recipe)
    assert {path.name for path in (tmp_path / "a").iterdir()} == {*PEFT_FILES, "head.safetensors", RECORD}
    stock = PeftModel.from_pretrained(tiny_model(family), tmp_path / "a")
    torch.testing.assert_close(logits_of(stock, tiny_batch), expected, rtol=0, atol=1e-5)
    folded = stock.merge_and_unload()
    torch.testing.assert_close(logits_of(folded, tiny_batch), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rule", SCALING_RULES)
def test_peft_gets_our_very_factors_at_every_rank(tmp_path, tiny_model, tiny_batch, rule):
    recipe = Recipe(scaling=Scaling(rule, lora_alpha=7.0, reference_rank=3))
    allocation = Allocation.of({"layers.0.q": 1, "layers.1.q": 3, "layers.2.q": 7, "layers.2.v": 31})
    saved(tmp_path / "a", tiny_model("bert"), tiny_batch, "lora", recipe=recipe, allocation=allocation)
    stock = PeftModel.from_pretrained(tiny_model("bert"), tmp_path / "a")
    for layer, role, rank in ((0, "query", 1), (1, "query", 3), (2, "query", 7), (2, "value", 31)):
        peft_layer = stock.get_submodule(f"base_model.model.bert.encoder.layer.{layer}.attention.self.{role}")
        assert peft_layer.r["default"] == rank
        assert math.isclose(peft_layer.scaling["default"], recipe.scaling.factor("lora", rank), rel_tol=1e-15)


def test_modules_at_rank_0_are_left_out_and_names_are_whole(tmp_path, tiny_model, tiny_batch):
    allocation = Allocation.of({"layers.0.q": 2, "layers.2.v": 4})
    saved(tmp_path / "a", tiny_model("bert"), tiny_batch, "lora[all]", allocation=allocation)
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    names = [f"bert.encoder.layer.{end}" for end in ("0.attention.self.query", "2.attention.self.value")]
    assert config["target_modules"] == names
    assert config["modules_to_save"] == ["classifier"]
    assert config["rank_pattern"] == {
        f"^{re.escape(name)}": rank for name, rank in zip(names, (2, 4), strict=True)
    }
    assert set(config["alpha_pattern"].values()) == {16}
    assert (config["base_model_name_or_path"], config["task_type"]) == ("some/base", "SEQ_CLS")


@pytest.mark.parametrize(
    "ranks",
    [
        {"layers.1.q": 3},
        {"layers.11.q": 5},
        {"layers.1.q": 3, "layers.1.v": 2, "layers.11.q": 5, "layers.11.v": 4},
        {
            f"layers.{i}.{role}": 1 + i % 4 for i in range(12) for role in ("q", "v")
        },  # 24: PEFT shortens long lists
    ],
    ids=["1", "11", "both", "all"],
)
def test_layer_1_is_not_taken_for_layer_11(tmp_path, tiny_model, tiny_batch, ranks):
    model = tiny_model("bert", num_hidden_layers=12)
    allocation = Allocation.of(ranks)
    expected = saved(tmp_path / "a", model, tiny_batch, "lora", allocation=allocation)
    with load_adapter(tmp_path / "a", model):
        torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)
    stock = PeftModel.from_pretrained(model, tmp_path / "a")
    torch.testing.assert_close(logits_of(stock, tiny_batch), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("roles", ["q", "k", "v", "q,v", "q,k,v"])
def test_fused_projections_of_different_factors_become_one_peft_adapter(
    tmp_path, tiny_model, tiny_batch, roles
):
    ranks = {"q": 2, "k": 3, "v": 5}
    allocation = Allocation.of(
        {f"layers.{i}.{role}": ranks[role] for i in range(3) for role in roles.split(",")}
    )
    expected = saved(tmp_path / "a", tiny_model("gpt2"), tiny_batch, "lora[q,k,v]", allocation=allocation)
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert config["target_modules"] == [f"transformer.h.{i}.attn.c_attn" for i in range(3)]
    assert set(config["rank_pattern"].values()) == {sum(ranks[role] for role in roles.split(","))}
    assert config["fan_in_fan_out"]
    stock = PeftModel.from_pretrained(tiny_model("gpt2"), tmp_path / "a")
    torch.testing.assert_close(logits_of(stock, tiny_batch), expected, rtol=0, atol=1e-5)


def test_files_are_written_only_for_the_wires_that_are_on(tmp_path, tiny_model, tiny_batch):
    both = {"head.safetensors", RECORD}
    shortcuts = saved(tmp_path / "shortcuts", tiny_model("bert"), tiny_batch, "shortcut")
    nothing = saved(
        tmp_path / "nothing", tiny_model("bert"), tiny_batch, "lora", allocation=Allocation.of({})
    )
    saved(tmp_path / "deberta", tiny_model("deberta-v2"), tiny_batch, "lora[q,k]")
    assert {path.name for path in (tmp_path / "shortcuts").iterdir()} == {*both, "wires.safetensors"}
    assert {path.name for path in (tmp_path / "deberta").iterdir()} == {*both, "wires.safetensors"}
    assert {path.name for path in (tmp_path / "nothing").iterdir()} == both
    for name, expected in (("shortcuts", shortcuts), ("nothing", nothing)):
        model = tiny_model("bert")
        with load_adapter(tmp_path / name, model):
            torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


def test_lora_weights_are_stored_once_and_read_from_the_peft_file(tmp_path, tiny_model, tiny_batch):
    model = tiny_model("bert")
    saved(tmp_path / "a", model, tiny_batch, "lora+residual")
    keys = adapter_module.read_tensors(tmp_path / "a" / "wires.safetensors").keys()
    assert {key.split(".")[2] for key in keys} == {"res1", "res2"}
    (tmp_path / "a" / "adapter_model.safetensors").unlink()
    with pytest.raises(
        InputError, match=r"adapter_model.safetensors cannot be read .*; save the adapter again"
    ):
        load_adapter(tmp_path / "a", model)


def test_the_record_says_how_the_adapter_was_made(tmp_path, tiny_model, tiny_batch):
    recipe = Recipe(scaling=Scaling("constant", reference_rank=4), renorm="paper")
    allocation = Allocation.of({"layers.0.q": 2, "layers.1.cut": 1})
    saved(
        tmp_path / "a", tiny_model("bert"), tiny_batch, "lora+shortcut", recipe=recipe, allocation=allocation
    )
    assert json.loads((tmp_path / "a" / RECORD).read_text()) == {
        "format_version": 1,
        "base": "some/base",
        "allocation": {"layers.0.q": 2, "layers.1.cut": 1},
        "scaling": {"rule": "constant", "lora_alpha": 16.0, "shortcut_alpha": 4.0, "reference_rank": 4},
        "renorm": "paper",
        "seed": 5,
        "learning_rate": 1e-3,
        "label_names": list(LABELS),
        "params": {"wires": 2 * 64 + 64, "head": 32 * 2 + 2},
        "stock_peft": False,
    }


@pytest.mark.parametrize(("family", "rule"), FAMILIES_AND_RULES)
def test_merge_gives_the_same_logits_in_a_plain_model(tmp_path, tiny_model, tiny_batch, family, rule):
    recipe = Recipe(scaling=Scaling(rule, reference_rank=3))
    expected = saved(tmp_path / "a", tiny_model(family), tiny_batch, plain_lora(family), recipe=recipe)
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
    tmp_path, tiny_model, tiny_batch, family, space, reason
):
    model = tiny_model(family)
    saved(tmp_path / "a", model, tiny_batch, space)
    assert_merge_refuses(tmp_path / "a", model, reason)


def test_merge_refuses_quantized_linears_and_changes_nothing(tmp_path, tiny_model, tiny_batch):
    model = tiny_model("bert")
    saved(tmp_path / "a", model, tiny_batch, "lora")
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


@pytest.mark.parametrize("module", [adapter_module, peft_adapter_module])
def test_a_failure_in_the_middle_leaves_nothing_and_spares_the_older_adapter(
    tmp_path, tiny_model, tiny_batch, module, monkeypatch
):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    model = tiny_model("bert")
    older = saved(tmp_path / "older", model, tiny_batch, "lora")
    with monkeypatch.context() as patch:
        patch.setattr(module, "save_file", fail)
        for name in ("older", "new", "deep/new"):
            with pytest.raises(
                InputError, match=r"cannot be written .*No space left.*; choose another folder"
            ):
                saved(tmp_path / name, model, tiny_batch, "lora+shortcut")
        patch.setattr(module, "save_file", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            saved(tmp_path / "new", model, tiny_batch, "lora+shortcut")
    assert [path.name for path in tmp_path.iterdir()] == ["older"]
    with load_adapter(tmp_path / "older", model):
        torch.testing.assert_close(logits_of(model, tiny_batch), older, rtol=0, atol=1e-5)


def test_a_newer_adapter_replaces_an_older_one_whole(tmp_path, tiny_model, tiny_batch):
    model = tiny_model("bert")
    saved(tmp_path / "a", model, tiny_batch, "lora+shortcut")
    expected = saved(tmp_path / "a", model, tiny_batch, "residual")
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "head.safetensors",
        RECORD,
        "wires.safetensors",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with load_adapter(tmp_path / "a", model):
        torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


def test_a_folder_with_other_files_is_not_replaced(tmp_path, tiny_model, tiny_batch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "thesis.txt").write_text("mine")
    with pytest.raises(
        InputError, match=r"holds \['thesis.txt'\], which would be lost; choose a new or empty folder"
    ):
        saved(tmp_path / "a", tiny_model("bert"), tiny_batch, "lora")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["thesis.txt"]
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file cannot be written .*; choose another folder"):
        saved(tmp_path / "file", tiny_model("bert"), tiny_batch, "lora")


def test_a_failed_candidate_is_not_saved(tmp_path, tiny_model):
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
            label_names=LABELS,
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("use", [load_adapter, merge])
@pytest.mark.parametrize(
    ("family", "overrides", "message"),
    [
        (
            "bert",
            {"num_labels": 3},
            r"trained for 2 labels \['negative', 'positive'\], this model has 3; .*num_labels=2",
        ),
        (
            "bert",
            {"num_hidden_layers": 2},
            r"wires at \['layers.2.fc1'.*, which this bert model of 2 blocks has not",
        ),
        ("llama", {}, r"wires at \['layers.0.fc1'.*, which this llama model of 3 blocks has not"),
        (
            "roberta",
            {},
            r"head.classifier.bias has shape \(2,\) in the adapter and None in this model's head",
        ),
        (
            "bert",
            {"intermediate_size": 64},
            r"layers.0.fc1: .*shapes \(1, 32\) and \(48, 1\), this model needs .*\(64, 1\)",
        ),
        (
            "bert",
            {"hidden_size": 48},
            r"head.classifier.weight has shape \(2, 32\) in the adapter and \(2, 48\)",
        ),
    ],
)
def test_a_model_that_does_not_fit_is_named_and_left_alone(
    tmp_path, tiny_model, tiny_batch, use, family, overrides, message
):
    allocation = Allocation.of({f"layers.{i}.{role}": 1 for i in range(3) for role in ("q", "fc1")})
    saved(tmp_path / "a", tiny_model("bert"), tiny_batch, "lora[all]", allocation=allocation)
    other = tiny_model(family, **overrides)
    before = copy.deepcopy(other.state_dict())
    with pytest.raises(InputError, match=message):
        use(tmp_path / "a", other)
    assert not model_hooks(other)
    torch.testing.assert_close(other.state_dict(), before, rtol=0, atol=0)


def test_other_modules_of_the_same_shape_are_told_apart(tmp_path, tiny_model, tiny_batch):
    saved(tmp_path / "a", tiny_model("llama"), tiny_batch, "lora[all]")
    with pytest.raises(
        InputError, match=r"adapter_model.safetensors has no .*bert.encoder.* where this model has layers"
    ):
        peft_adapter_module.read_peft(
            tmp_path / "a",
            find_sites(tiny_model("bert"), "lora")[:1],
            ranks={"layers.0.q": 1},
            factors={"layers.0.q": 1.0},
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"has no rankscape.json, so it is no adapter"),
        ("{", r"rankscape.json cannot be read \(JSONDecodeError"),
        ("[]", r"rankscape.json cannot be read \(TypeError"),
        ('{"format_version": 1}', r"rankscape.json cannot be read \(KeyError"),
        (
            '{"format_version": 7}',
            r"format_version=7, this version of rankscape reads 1; install the version that wrote it",
        ),
    ],
)
def test_a_damaged_record_is_named(tmp_path, tiny_model, tiny_batch, text, message):
    saved(tmp_path / "a", tiny_model("bert"), tiny_batch, "lora")
    record = tmp_path / "a" / RECORD
    record.unlink() if text is None else record.write_text(text)
    with pytest.raises(InputError, match=message):
        load_adapter(tmp_path / "a", tiny_model("bert"))


@pytest.mark.parametrize(
    "name", ["head.safetensors", "wires.safetensors", "adapter_model.safetensors", "adapter_config.json"]
)
def test_a_damaged_file_is_named(tmp_path, tiny_model, tiny_batch, name):
    saved(tmp_path / "a", tiny_model("bert"), tiny_batch, "lora+shortcut")
    (tmp_path / "a" / name).write_bytes(b"nonsense")
    with pytest.raises(InputError, match=rf"{name} cannot be read .*; save the adapter again"):
        load_adapter(tmp_path / "a", tiny_model("bert"))


def test_regression_has_one_output_and_no_label_names(tmp_path, tiny_model, tiny_batch):
    model = tiny_model("bert", num_labels=1)
    sites = find_sites(model, "lora")
    cohort, trained = trained_at_random(model, sites, some_ranks(sites), Recipe())
    with cohort.wires.attach(model), cohort.head.attach():
        expected = logits_of(model, tiny_batch)
    save_adapter(tmp_path / "a", trained, model=model, sites=sites, recipe=Recipe(), base="b", label_names=())
    merge(tmp_path / "a", model)
    torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


def test_a_bfloat16_model_takes_an_adapter_and_its_merged_weights(tmp_path, tiny_model, tiny_batch):
    expected = saved(tmp_path / "a", tiny_model("bert").bfloat16(), tiny_batch, "lora[all]")
    model = tiny_model("bert").bfloat16()
    with load_adapter(tmp_path / "a", model):
        assert torch.equal(logits_of(model, tiny_batch), expected)
    merged = logits_of(merge(tmp_path / "a", model), tiny_batch)
    assert merged.dtype == torch.bfloat16
    assert (merged - expected).abs().max() < 0.2


def test_an_adapter_loads_onto_a_model_that_is_not_frozen(tmp_path, tiny_model, tiny_batch):
    model = tiny_model("bert").requires_grad_(True)
    expected = saved(tmp_path / "a", model, tiny_batch, "lora+shortcut")
    with load_adapter(tmp_path / "a", model):
        logits = model(**tiny_batch).logits
        torch.testing.assert_close(logits.detach(), expected, rtol=0, atol=1e-5)
        logits.sum().backward()
