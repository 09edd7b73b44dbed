"""Padding with a token that the model can embed."""

from __future__ import annotations

import logging

import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from evaluators.base.padding import fill_pad_token, settle_padding
from spaces.errors import InputError


def _tokenizer(**special: str) -> PreTrainedTokenizerFast:
    vocabulary = {word: number for number, word in enumerate(["[UNK]", "</s>", "a", "b"])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", **special)


def _refuse() -> PreTrainedTokenizerFast:
    pytest.fail("the tokenizer was asked for")


def test_a_pad_token_that_can_be_embedded_stays(tiny_model, caplog):
    model = tiny_model("llama")
    settle_padding(model, "m", _refuse)
    assert model.config.pad_token_id == 1
    assert not caplog.messages


@pytest.mark.parametrize("stated", [None, -1, 100, 32_000])
def test_where_there_is_none_the_tokenizers_serves(tiny_model, caplog, stated):
    model = tiny_model("llama", pad_token_id=None)  # PyTorch itself refuses a table with such a padding_idx
    model.config.pad_token_id = stated
    with caplog.at_level(logging.WARNING):
        settle_padding(model, "m", lambda: _tokenizer(pad_token="a", eos_token="</s>"))
    assert model.config.pad_token_id == 2
    assert caplog.messages == ([] if stated is None else [
        f"m has no embedding for its pad_token_id {stated}; padding with 'a' (2) instead."
    ])  # fmt: skip


def test_a_pad_token_that_was_added_to_the_tokenizer_alone_gives_way_to_the_end_of_text(tiny_model):
    model = tiny_model("llama", pad_token_id=None)
    model.resize_token_embeddings(4)
    tokenizer = _tokenizer(eos_token="</s>")
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    assert tokenizer.pad_token_id == 4
    settle_padding(model, "m", lambda: tokenizer)
    assert model.config.pad_token_id == 1


def test_where_no_token_fits_the_model_is_refused(tiny_model):
    model = tiny_model("llama", pad_token_id=None)
    model.resize_token_embeddings(4)
    tokenizer = _tokenizer()
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    with pytest.raises(InputError, match=r"m has 4 token embeddings.*\[4, None\]"):
        settle_padding(model, "m", lambda: tokenizer)


@pytest.mark.parametrize(("stated", "filled"), [(None, 2), (-1, 2), (100, 2), (1, 1), (99, 99)])
def test_a_models_own_pad_token_is_kept_where_it_can_be_embedded(tiny_model, stated, filled):
    model = tiny_model("gpt2", pad_token_id=None)
    model.config.pad_token_id = stated
    fill_pad_token(model, 2)
    assert model.config.pad_token_id == filled
