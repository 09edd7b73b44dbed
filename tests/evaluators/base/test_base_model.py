"""A base model is its folder's weights, frozen; what cannot be loaded is one line."""

from __future__ import annotations

import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
)

from evaluators.base.base_model import DTYPES, ModelSource, load_base_model, load_tokenizer
from evaluators.data.demo import demo_model_folder
from spaces.errors import InputError
from spaces.meta_model import base_params
from tests.evaluators.base.saved_model import SIZES, edit_weights, load, save, save_tokenizer


def test_the_weights_are_the_folders_frozen_and_without_dropout(bert: Path) -> None:
    model = load(bert)
    ours = model.base_model.state_dict()
    torch.testing.assert_close(dict(ours), load_file(bert / "model.safetensors"), rtol=0, atol=0)
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert not any(module.training for module in model.modules())
    assert model.config.num_labels == 3
    assert model.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("dtype", DTYPES)
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


def test_threads_that_load_at_once_leave_transformers_as_it_was(bert: Path) -> None:
    before = transformers.PreTrainedModel.tie_weights
    with ThreadPoolExecutor(4) as threads:
        assert len(list(threads.map(lambda _: load(bert), range(12)))) == 12
    assert transformers.PreTrainedModel.tie_weights is before


def test_base_params_leave_the_head_out(bert: Path) -> None:
    tensors = load_file(bert / "model.safetensors").values()
    assert base_params(load(bert, num_labels=2)) == sum(tensor.numel() for tensor in tensors)
    assert base_params(load(bert, num_labels=9)) == base_params(load(bert, num_labels=2))


def test_a_head_for_other_labels_is_replaced(bert: Path, tmp_path: Path) -> None:
    again = save(load(bert, num_labels=5), tmp_path / "again")
    assert load(again, num_labels=2).get_submodule("classifier").out_features == 2


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


def test_a_folder_may_be_renamed(bert: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(bert, tmp_path / "a folder with spaces")
    torch.testing.assert_close(dict(load(copy).state_dict()), dict(load(bert).state_dict()), rtol=0, atol=0)


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
