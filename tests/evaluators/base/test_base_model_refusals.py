"""What cannot be loaded as a base model or its tokenizer is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, BertModel

from evaluators.base.base_model import DTYPES, ModelSource, load_base_model, load_tokenizer
from spaces.errors import InputError, UsageError
from spaces.objective import Architecture
from tests.evaluators.base.saved_model import SIZES, edit_weights, load, save_tokenizer


def test_a_missing_pooler_is_refused_since_it_would_differ_at_every_load(bert: Path) -> None:
    edit_weights(bert, drop="pooler")
    with pytest.raises(InputError, match=r"no weights for its pooler.*save_pretrained"):
        load(bert)


def test_a_tokenizer_with_neither_pad_nor_end_token_is_refused(llama: Path) -> None:
    save_tokenizer(llama)
    with pytest.raises(InputError, match="has neither a pad nor an end-of-text token; set pad_token"):
        load(llama)


def test_a_folder_without_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no config.json; give a folder that save_pretrained wrote"):
        load(tmp_path)
    with pytest.raises(InputError, match=r"has no config.json"):
        load_tokenizer(str(tmp_path))


def test_a_folder_without_weights_is_refused(bert: Path) -> None:
    (bert / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"has no weights \(model.safetensors or .*\); save the model with"):
        load(bert)


def test_pickled_weights_are_never_read(bert: Path) -> None:
    torch.save(load_file(bert / "model.safetensors"), bert / "pytorch_model.bin")
    (bert / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"convert pytorch_model.bin, which is never unpickled here"):
        load(bert)


def test_a_folder_without_tokenizer_files_is_refused(bert: Path) -> None:
    with pytest.raises(InputError, match=r"has no vocabulary for its tokenizer; add"):
        load_tokenizer(str(bert))


@pytest.mark.parametrize(("edit", "name"), [("drop", "attention.self.query"), ("crop", "word_embeddings")])
def test_weights_that_do_not_fit_the_config_are_refused(bert: Path, edit: str, name: str) -> None:
    edit_weights(bert, **{edit: name})
    with pytest.raises(InputError, match=rf"lacks fitting weights for \d+ tensors? of its BertFor.*{name}"):
        load(bert)


def test_a_truncated_weight_file_is_one_line(bert: Path) -> None:
    path = bert / "model.safetensors"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match=r"the model of .* cannot be loaded \(") as error:
        load(bert)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("config", ["{oops", '{"model_type": "zzz"}', '{"model_type": "clip"}'])
def test_a_config_that_cannot_be_used_is_one_line(bert: Path, config: str) -> None:
    (bert / "config.json").write_text(config)
    with pytest.raises(InputError, match=r"the model of .* cannot be loaded \(") as error:
        load(bert)
    assert "\n" not in str(error.value)


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path, bert: Path) -> None:
    (bert / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: ...\n")
    config = json.loads((bert / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config"}}
    (bert / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"the model of .* cannot be loaded \("):
        load(bert)
    assert not (tmp_path / "ran").exists()


def test_an_unknown_dtype_is_refused_with_the_list() -> None:
    with pytest.raises(UsageError, match=r"`dtype='int8'` is unknown; choose from .*bfloat16"):
        ModelSource("x", 2, "int8")


def test_a_head_needs_an_output() -> None:
    with pytest.raises(ValueError, match="num_labels=0 must be at least 1"):
        ModelSource("x", 0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name", ["embeddings.word_embeddings.weight", "encoder.layer.0.output.LayerNorm.bias"]
)
def test_weights_that_are_no_finite_numbers_are_refused(
    bert: Path, name: str, dtype: str, value: float
) -> None:
    weights = load_file(bert / "model.safetensors")
    weights[name].view(-1)[-1] = value
    save_file(weights, bert / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        InputError, match=rf"weights that are NaN or infinite, the first in bert.{name}; give a"
    ):
        load(bert, dtype=dtype)


def test_a_buffer_may_be_infinite_but_not_nan(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks and clipping bounds are infinite."""
    real = BertModel.__init__

    def with_bound(self: BertModel, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        self.register_buffer("bound", torch.zeros(2))

    monkeypatch.setattr(BertModel, "__init__", with_bound)
    weights = load_file(bert / "model.safetensors")
    for bound in (float("inf"), float("nan")):
        bounds = torch.tensor([-bound, bound])
        save_file({**weights, "bound": bounds}, bert / "model.safetensors", metadata={"format": "pt"})
        if bound == float("inf"):
            assert torch.equal(load(bert).get_buffer("bert.bound"), bounds)
    with pytest.raises(InputError, match=r"the first in bert.bound"):
        load(bert)


@pytest.mark.parametrize(
    "config",
    ["null", "[]", "3", '""', "{}", '{"model_type": null}', '{"model_type": []}', "[" * 100_000]
    + [
        json.dumps({"model_type": "bert", **SIZES, name: value})
        for name in ("hidden_size", "vocab_size", "num_attention_heads", "num_hidden_layers")
        for value in (None, "8", -1, 0, 10**20, 1e308, [], {})
        if value != -1 or name != "num_attention_heads"  # whose weights fit
        if name != "num_hidden_layers" or value not in (-1, 0, 10**20)  # no blocks, and blocks without end
    ],
)
def test_whatever_a_config_holds_is_one_line(bert: Path, config: str) -> None:
    (bert / "config.json").write_text(config)
    with pytest.raises(InputError) as error:
        load(bert)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 2000


@pytest.mark.parametrize(
    "content",
    [
        *("null", "[]", "3", "{}", "[" * 100_000, '{"model": null}', "\0", "9" * 5000),
        *('{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a a"]}}', '{"eos_token": 3}'),
    ],
)
@pytest.mark.parametrize("file", ["tokenizer.json", "tokenizer_config.json"])
def test_whatever_a_tokenizers_file_holds_is_one_line(llama: Path, file: str, content: str) -> None:
    save_tokenizer(llama, eos_token="</s>")
    (llama / file).write_text(content)
    said = ""
    try:
        load_tokenizer(str(llama))  # an empty tokenizer_config.json is as good as none
    except InputError as error:
        said = str(error)
    assert "\n" not in said


def test_a_panic_of_the_tokenizers_library_is_one_line(llama: Path) -> None:
    """It derives from BaseException."""
    save_tokenizer(llama, eos_token="</s>")
    content = json.loads((llama / "tokenizer.json").read_text())
    content["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}
    (llama / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"^the tokenizer of .* cannot be loaded \(.*\); give") as error:
        load_tokenizer(str(llama))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("labels", [None, 2])
@pytest.mark.parametrize("family", ["t5", "bart"])
def test_an_encoder_decoder_is_refused_with_the_reason_whatever_it_is_for(
    tmp_path: Path, family: str, labels: int | None
) -> None:
    folder = tmp_path / family
    folder.mkdir()
    AutoConfig.for_model(family).save_pretrained(folder)
    (folder / "model.safetensors").write_bytes(b"")  # is not looked at
    kind: Architecture = "causal_lm" if labels is None else "sequence_classification"
    with pytest.raises(
        InputError, match=r"decoder also reads the states of its encoder.*choose an encoder or"
    ):
        load_base_model(ModelSource(str(folder), labels, architecture=kind), device="cpu")
