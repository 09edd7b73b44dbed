"""Adapters that do not fit a model, and folders that are damaged: one line, and the model as it was."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from evaluators.adapters.adapter import load_adapter, merge
from spaces.allocation import Allocation
from spaces.errors import InputError
from tests.evaluators.adapters.attached import RECORD, logits_of, model_hooks


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


@pytest.mark.parametrize("use", [load_adapter, merge])
@pytest.mark.parametrize("mixed", [False, True])
def test_a_model_within_pefts_is_refused_with_what_gives_its_base(
    tmp_path, saved, tiny_model, tiny_batch, use, mixed
):
    expected = saved(tmp_path / "a", tiny_model("llama"), "lora")
    wrapped = get_peft_model(
        tiny_model("llama"), LoraConfig(task_type="SEQ_CLS", target_modules=["o_proj"]), mixed=mixed
    )
    with pytest.raises(
        InputError, match=rf"needs the base model, .* a {type(wrapped).__name__} around it; give its unload"
    ):
        use(tmp_path / "a", wrapped)
    base = wrapped.unload()
    use(tmp_path / "a", base)
    torch.testing.assert_close(logits_of(base.eval(), tiny_batch), expected, rtol=0, atol=1e-5)


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
    ("space", "name"),
    [
        ("lora", "head.safetensors"),
        ("lora", "adapter_model.safetensors"),
        ("lora", "adapter_config.json"),
        ("lora+shortcut", "wires.safetensors"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, saved, tiny_model, space, name):
    saved(tmp_path / "a", tiny_model("bert"), space)
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
    saved(tmp_path / "a", model, "lora+residual" if name == "wires" else "lora")
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
