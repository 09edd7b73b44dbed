"""A base model is its folder's weights, frozen; what cannot be loaded is one line."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models
from transformers import (
    BertConfig,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from evaluators.base import base_model
from evaluators.base.base_model import ModelSource, load_base_model, load_tokenizer
from evaluators.data.demo import demo_model_folder
from spaces.errors import InputError, UsageError
from spaces.meta_model import base_params

SIZES: dict[str, Any] = {
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "vocab_size": 20,
    "max_position_embeddings": 16,
}


def save(model: PreTrainedModel, folder: Path) -> Path:
    """Writes weights and config as save_pretrained does, without its progress bar."""
    folder.mkdir()
    model.config.save_pretrained(folder)
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def save_tokenizer(folder: Path, **special: str) -> Path:
    vocabulary = {word: i for i, word in enumerate(["[UNK]", "<s>", "</s>", "a", "b", "c"])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", **special).save_pretrained(folder)
    return folder


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return save(BertModel(BertConfig(**SIZES)), tmp_path / "bert")


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    config = LlamaConfig(**SIZES, num_key_value_heads=1, head_dim=4, pad_token_id=None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return save(LlamaModel(config), tmp_path / "llama")


def edit_weights(folder: Path, *, drop: str = "", crop: str = "") -> None:
    weights = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if not drop or drop not in name}
    save_file(
        {name: tensor[:-1].clone() if crop and crop in name else tensor for name, tensor in kept.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )


def load(folder: Path, num_labels: int = 3, dtype: str = "float32") -> PreTrainedModel:
    return load_base_model(ModelSource(str(folder), num_labels, dtype), device="cpu")


def test_the_weights_are_the_folders_frozen_and_without_dropout(bert: Path) -> None:
    model = load(bert)
    ours = model.base_model.state_dict()
    torch.testing.assert_close(dict(ours), load_file(bert / "model.safetensors"), rtol=0, atol=0)
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert not any(module.training for module in model.modules())
    assert model.config.num_labels == 3
    assert model.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("dtype", base_model.DTYPES)
def test_the_weights_have_the_dtype_asked_for(bert: Path, dtype: str) -> None:
    assert {parameter.dtype for parameter in load(bert, dtype=dtype).parameters()} == {getattr(torch, dtype)}


def test_the_head_is_the_same_in_every_load_and_the_global_generator_is_left_alone(bert: Path) -> None:
    before = torch.random.get_rng_state()
    one = load(bert).state_dict()
    torch.manual_seed(5)
    two = load(bert).state_dict()
    torch.testing.assert_close(dict(one), dict(two), rtol=0, atol=0)
    torch.manual_seed(5)
    expected = torch.random.get_rng_state()
    load(bert)
    assert torch.equal(torch.random.get_rng_state(), expected)
    torch.random.set_rng_state(before)


def test_loading_is_silent_and_leaves_the_log_level_as_it_was(
    bert: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    verbosity = transformers.utils.logging.get_verbosity()
    transformers.utils.logging.set_verbosity(logging.WARNING)
    try:
        load(bert)
        assert transformers.utils.logging.get_verbosity() == logging.WARNING
    finally:
        transformers.utils.logging.set_verbosity(verbosity)
    assert capfd.readouterr() == ("", "")


def test_base_params_leave_the_head_out(bert: Path) -> None:
    tensors = load_file(bert / "model.safetensors").values()
    assert base_params(load(bert, num_labels=2)) == sum(tensor.numel() for tensor in tensors)
    assert base_params(load(bert, num_labels=9)) == base_params(load(bert, num_labels=2))


def test_a_head_for_other_labels_is_replaced(bert: Path, tmp_path: Path) -> None:
    again = save(load(bert, num_labels=5), tmp_path / "again")
    assert load(again, num_labels=2).get_submodule("classifier").out_features == 2


def test_a_missing_pooler_is_refused_since_it_would_differ_at_every_load(bert: Path) -> None:
    edit_weights(bert, drop="pooler")
    with pytest.raises(InputError, match=r"no weights for its pooler.*save_pretrained"):
        load(bert)


def test_a_decoder_pads_with_its_end_of_text_token_and_says_so(
    llama: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_tokenizer(llama, eos_token="</s>")
    with caplog.at_level(logging.INFO, "evaluators"):
        model = load(llama)
    assert model.config.pad_token_id == load_tokenizer(str(llama)).pad_token_id == 2
    assert "has no pad token; padding with '</s>' instead" in caplog.text
    ids = torch.tensor([[3, 4, 5, 2, 2], [3, 4, 5, 5, 4]])
    logits = model(input_ids=ids, attention_mask=(ids != 2).long()).logits
    torch.testing.assert_close(logits[:1], model(input_ids=ids[:1, :3]).logits)


def test_a_config_without_a_pad_token_takes_the_tokenizers(llama: Path) -> None:
    save_tokenizer(llama, eos_token="</s>", pad_token="<s>")
    assert load(llama).config.pad_token_id == 1


def test_a_tokenizer_with_neither_pad_nor_end_token_is_refused(llama: Path) -> None:
    save_tokenizer(llama)
    with pytest.raises(InputError, match="has neither a pad nor an end-of-text token; set pad_token"):
        load(llama)


def test_the_tokenizer_pads_on_the_right(llama: Path) -> None:
    save_tokenizer(llama, eos_token="</s>", padding_side="left")
    assert load_tokenizer(str(llama)).padding_side == "right"


def test_the_demo_model_finds_like_sentences_alike() -> None:
    folder = str(demo_model_folder())
    tokenizer = load_tokenizer(folder)
    model = load(Path(folder), num_labels=2)
    assert base_params(model) == 22_713_216
    inputs = tokenizer(["a fine film", "a good movie", "the boat sank"], return_tensors="pt", padding=True)
    states = model.base_model(**inputs).last_hidden_state
    mask = inputs["attention_mask"][..., None]
    vectors = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)
    alike, unlike = vectors[0] @ vectors[1], vectors[0] @ vectors[2]
    assert alike > 0.6 > 0.3 > unlike  # what the sentence embedding was trained for: the weights did load


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


@pytest.mark.parametrize("name", ["", "./none", "/none/at/all", "a/b/c", "~/none", __file__])
def test_a_path_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is not a folder; give a model's folder, or a name on the hub"):
        load_base_model(ModelSource(name, 2), device="cpu")


def test_a_name_the_hub_cannot_be_asked_for_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(base_model, "hub_answers", lambda: False)
    message = (
        "'no-one/nothing' cannot be loaded .* it is neither a folder nor in the cache, and the Hugging Face "
        "hub does not answer: give a local model folder"
    )
    with pytest.raises(InputError, match=message):
        load_base_model(ModelSource("no-one/nothing", 2), device="cpu")
    with pytest.raises(InputError, match=message):
        load_tokenizer("no-one/nothing")
    assert capfd.readouterr().err == ""


def test_a_folder_may_be_renamed(bert: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(bert, tmp_path / "a folder with spaces")
    torch.testing.assert_close(dict(load(copy).state_dict()), dict(load(bert).state_dict()), rtol=0, atol=0)


def test_an_unknown_dtype_is_refused_with_the_list() -> None:
    with pytest.raises(UsageError, match=r"`dtype='int8'` is unknown; choose from .*bfloat16"):
        ModelSource("x", 2, "int8")


def test_a_head_needs_an_output() -> None:
    with pytest.raises(ValueError, match="num_labels=0 must be at least 1"):
        ModelSource("x", 0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", base_model.DTYPES)
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


def save_decoder(folder: Path, **config: Any) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = LlamaForCausalLM(LlamaConfig(**SIZES, **config))
    model.save_pretrained(folder)
    return save_tokenizer(folder, eos_token="</s>")


def load_decoder(folder: Path) -> PreTrainedModel:
    return load_base_model(ModelSource(str(folder), None, architecture="causal_lm"), device="cpu")


@pytest.mark.parametrize("tied", [True, False])
def test_a_language_model_keeps_its_own_head_tied_or_not(tmp_path: Path, tied: bool) -> None:
    model = load_decoder(save_decoder(tmp_path / "llama", tie_word_embeddings=tied))
    assert type(model).__name__ == "LlamaForCausalLM"
    head, embeddings = model.get_output_embeddings().weight, model.get_input_embeddings().weight
    assert (head is embeddings) == tied
    stored = load_file(tmp_path / "llama" / "model.safetensors")
    name = "model.embed_tokens.weight" if tied else "lm_head.weight"
    torch.testing.assert_close(head, stored[name], rtol=0, atol=0)
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_a_language_model_without_its_head_is_refused_and_a_classifier_is_not(tmp_path: Path) -> None:
    """Drawn at random it would foretell nothing, and nothing trains it; a classifier's is trained."""
    folder = save_decoder(tmp_path / "llama", tie_word_embeddings=False)
    edit_weights(folder, drop="lm_head")
    with pytest.raises(InputError, match=r"lacks fitting weights for 1 tensor .*lm_head.weight"):
        load_decoder(folder)
    assert type(load(folder)).__name__ == "LlamaForSequenceClassification"


@pytest.mark.parametrize(("labels", "architecture"), [(None, "sequence_classification"), (2, "causal_lm")])
def test_only_a_classifier_has_a_number_of_labels(labels: int | None, architecture: Any) -> None:
    with pytest.raises(ValueError, match=f"num_labels={labels} does not fit a model for {architecture}"):
        ModelSource("m", labels, architecture=architecture)
