"""Adapters saved, loaded back and folded into the base model; and adapters that do not fit."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModelForSequenceClassification

from evaluators.adapters.adapter import load_adapter, merge, save_adapter
from evaluators.adapters.base_digest import base_digest
from evaluators.adapters.peft_files import read_tensors
from evaluators.data.rows import Rows
from evaluators.objectives.classification import Classification
from evaluators.objectives.regression import Regression
from evaluators.training.candidate import Candidate, Evaluation, Recipe, Trained
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.scaling import Scaling

FAMILIES = ["bert", "roberta", "opt", "opt-post", "gpt2", "llama", "qwen3", "deberta-v2"]
# Every family under one scaling rule, and every rule where linears are plain, and where they are fused.
FAMILIES_AND_RULES = [
    *((family, "alpha/sqrt(r)") for family in FAMILIES),
    *((family, rule) for family in ("bert", "gpt2") for rule in ("alpha/r", "constant")),
]
LABELS = ("negative", "positive")
RECORD = "rankscape.json"


def logits_of(model, batch):
    with torch.no_grad():
        return model(**batch).logits


def model_hooks(model):
    return [m for m in model.modules() if m._forward_hooks or m._forward_pre_hooks]


def plain_lora(family):
    """Every lora role whose wires PEFT and folding can express."""
    return "lora[v,o,fc1,fc2]" if family == "deberta-v2" else "lora[all]"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_loaded_adapter_gives_the_same_logits_and_detaches_without_trace(
    tmp_path, saved, tiny_model, tiny_batch, family
):
    model = tiny_model(family)
    before, state = logits_of(model, tiny_batch), copy.deepcopy(model.state_dict())
    expected = saved(tmp_path / "a", model, "lora[all]+shortcut+cross[in,cut;span=2]")
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
    both = {"head.safetensors", RECORD}
    shortcuts = saved(tmp_path / "shortcuts", tiny_model("bert"), "shortcut")
    nothing = saved(tmp_path / "nothing", tiny_model("bert"), "lora", allocation=Allocation.of({}))
    saved(tmp_path / "deberta", tiny_model("deberta-v2"), "lora[q,k]")
    assert {path.name for path in (tmp_path / "shortcuts").iterdir()} == {*both, "wires.safetensors"}
    assert {path.name for path in (tmp_path / "deberta").iterdir()} == {*both, "wires.safetensors"}
    assert {path.name for path in (tmp_path / "nothing").iterdir()} == both
    for name, expected in (("shortcuts", shortcuts), ("nothing", nothing)):
        model = tiny_model("bert")
        with load_adapter(tmp_path / name, model):
            torch.testing.assert_close(logits_of(model, tiny_batch), expected, rtol=0, atol=1e-5)


def test_lora_weights_are_stored_once_and_read_from_the_peft_file(tmp_path, saved, tiny_model):
    model = tiny_model("bert")
    saved(tmp_path / "a", model, "lora+residual")
    keys = read_tensors(tmp_path / "a" / "wires.safetensors").keys()
    assert {key.split(".")[2] for key in keys} == {"res1", "res2"}
    (tmp_path / "a" / "adapter_model.safetensors").unlink()
    with pytest.raises(
        InputError, match=r"adapter_model.safetensors cannot be read .*; save the adapter again"
    ):
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
        "pad_token_id": 1,
        "base_digest": base_digest(tiny_model("bert")),
    }


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
    tmp_path, saved, tiny_model, use, family, overrides, message
):
    allocation = Allocation.of({f"layers.{i}.{role}": 1 for i in range(3) for role in ("q", "fc1")})
    saved(tmp_path / "a", tiny_model("bert"), "lora[all]", allocation=allocation)
    other = tiny_model(family, **overrides)
    before = copy.deepcopy(other.state_dict())
    with pytest.raises(InputError, match=message):
        use(tmp_path / "a", other)
    assert not model_hooks(other)
    torch.testing.assert_close(other.state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"has no rankscape.json, so it is no adapter"),
        ("{", r"rankscape.json cannot be read \(JSONDecodeError"),
        ("[]", r"rankscape.json: the whole must be an object, not \[\]; save the adapter again"),
        ('{"format_version": 1}', r"rankscape.json: base must be a string, not None"),
        (
            '{"format_version": 7}',
            r"format_version=7, this version of rankscape reads 1; install the version that wrote it",
        ),
    ],
)
def test_a_damaged_record_is_named(tmp_path, saved, tiny_model, text, message):
    saved(tmp_path / "a", tiny_model("bert"), "lora")
    record = tmp_path / "a" / RECORD
    record.unlink() if text is None else record.write_text(text)
    with pytest.raises(InputError, match=message):
        load_adapter(tmp_path / "a", tiny_model("bert"))


@pytest.mark.parametrize(
    "name", ["head.safetensors", "wires.safetensors", "adapter_model.safetensors", "adapter_config.json"]
)
def test_a_damaged_file_is_named(tmp_path, saved, tiny_model, name):
    saved(tmp_path / "a", tiny_model("bert"), "lora+shortcut")
    (tmp_path / "a" / name).write_bytes(b"nonsense")
    with pytest.raises(InputError, match=rf"{name} cannot be read .*; save the adapter again"):
        load_adapter(tmp_path / "a", tiny_model("bert"))


DAMAGE = {  # of rankscape.json: what to put where, and what is said of it
    "null": (None, None, "the whole must be an object, not None"),
    "a list": ("allocation", [], r"allocation must be an object, not \[\]"),
    "a negative rank": ("allocation.layers.0.q", -1, "a whole number from 0 to .*, not -1"),
    "a rank of 400 digits": ("allocation.layers.0.q", 10**400, "a whole number from 0 to .*, not 10"),
    "a rank that is true": ("allocation.layers.0.q", True, "a whole number from 0 to .*, not True"),
    "an absurd rank": ("allocation.layers.1.q", 10**12, r"layers.1.q: .* needs \(1000000000000, 32\)"),
    "an absurd span": ("allocation.layers.0.in99999999999", 1, r"has wires at \['layers.0.in99999999999'\]"),
    "a long span": ("allocation.layers.0.in" + "9" * 5000, 1, r"has wires at \['layers.0.in9999"),
    "escapes in a name": ("allocation.\x1b[31m\n", 1, r"has wires at \['\\x1b\[31m\\n'\]"),
    "infinity": ("scaling.lora_alpha", float("inf"), "scaling.lora_alpha must be a finite number, not inf"),
    "a scale of 0": ("scaling.lora_alpha", 0, "scaling.lora_alpha must be above 0, not 0"),
    "an unknown rule": ("scaling.rule", "x", r"scaling.rule must be one of \['alpha/r'.*, not 'x'"),
    "a negative seed": ("seed", -1, "seed must be a whole number from 0"),
    "a number as text": ("learning_rate", "1", "learning_rate must be a finite number, not '1'"),
    "labels that are no text": ("label_names", [1, 2], r"label_names\[0\] must be a string, not 1"),
    "no params": ("params", None, "params must be an object, not None"),
    "no version": ("format_version", [[]], r"has format_version=\[\[\]\], this version .* reads 1"),
}


@pytest.mark.parametrize("use", [load_adapter, merge])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_record_with_a_value_that_cannot_be_is_one_line(tmp_path, saved, tiny_model, damage, use):
    place, value, message = DAMAGE[damage]
    model = tiny_model("bert")
    saved(tmp_path / "a", model, "lora", allocation=Allocation.of({"layers.1.q": 1}))
    record = json.loads((tmp_path / "a" / RECORD).read_text())
    if place is None:
        record = value
    elif place.partition(".")[0] in ("allocation", "scaling") and "." in place:
        record[place.partition(".")[0]][place.partition(".")[2]] = value
    else:
        record[place] = value
    (tmp_path / "a" / RECORD).write_text(json.dumps(record))
    assert_refused(use, tmp_path / "a", model, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "RecursionError"),
        ('{"format_version": ' + "9" * 5000 + "}", "Exceeds the limit"),
        (b"\xff\xfe\x00", "cannot be read"),
        ("", "cannot be read"),
    ],
)
@pytest.mark.parametrize("name", [RECORD, "adapter_config.json"])
def test_text_that_is_no_json_is_one_line(tmp_path, saved, tiny_model, name, text, message):
    model = tiny_model("bert")
    saved(tmp_path / "a", model, "lora")
    (tmp_path / "a" / name).write_bytes(text.encode() if isinstance(text, str) else text)
    assert_refused(load_adapter, tmp_path / "a", model, rf"{name}.*{message}")


@pytest.mark.parametrize("value", ["null", "[]", '{"alpha_pattern": []}', '{"alpha_pattern": {"x": 1e400}}'])
def test_a_peft_config_of_another_shape_is_one_line(tmp_path, saved, tiny_model, value):
    model = tiny_model("bert")
    saved(tmp_path / "a", model, "lora")
    (tmp_path / "a" / "adapter_config.json").write_text(value)
    assert_refused(
        load_adapter, tmp_path / "a", model, "adapter_config.json: .* must be .*; save the adapter again"
    )


TENSORS = {
    "0-d": (lambda tensor: tensor.sum(), "shape"),
    "empty": (lambda tensor: tensor[:0].clone(), "shape"),
    "one more dimension": (lambda tensor: tensor[None].clone(), "shape"),
    "transposed": (lambda tensor: tensor.T.contiguous(), "shape"),
    "NaN": (lambda tensor: tensor * float("nan"), "holds NaN or infinite numbers; save the adapter again"),
    "infinite": (lambda tensor: tensor / 0, "holds NaN or infinite numbers"),
    "whole numbers": (lambda tensor: tensor.long(), "has no |shape None"),
    "complex": (lambda tensor: tensor.to(torch.complex64), "has no |shape None"),
}


@pytest.mark.parametrize("damage", TENSORS)
@pytest.mark.parametrize("name", ["adapter_model", "wires", "head"])
def test_tensors_that_cannot_be_are_one_line(tmp_path, saved, tiny_model, name, damage):
    change, message = TENSORS[damage]
    model, file = tiny_model("bert"), tmp_path / "a" / f"{name}.safetensors"
    saved(tmp_path / "a", model, "lora+residual")
    tensors = load_file(file)
    matrices = [
        key for key in tensors if tensors[key].ndim == 2 and ("classifier" in key) == (name == "head")
    ]
    for key in (matrices[0], matrices[-1]):  # an A and a B
        save_file({**tensors, key: change(tensors[key])}, file)
        assert_refused(load_adapter, tmp_path / "a", model, message)


def test_a_weight_file_that_is_a_folder_is_one_line(tmp_path, saved, tiny_model):
    model = tiny_model("bert")
    saved(tmp_path / "a", model, "lora")
    (tmp_path / "a" / "head.safetensors").unlink()
    (tmp_path / "a" / "head.safetensors").mkdir()
    assert_refused(load_adapter, tmp_path / "a", model, "head.safetensors cannot be read")


def assert_refused(use, folder, model, message):
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(InputError, match=message) as error:
        use(folder, model)
    assert "\n" not in str(error.value)
    assert "\x1b" not in str(error.value)
    assert len(str(error.value)) < 6000
    assert not model_hooks(model)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)


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
