"""What a model goes on with, against a loop by hand and transformers' own generate, row by row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import GenerationConfig
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from evaluators.data.decoding import Decoding
from evaluators.generation.continued import check_room, continued, stops_of
from spaces.errors import InputError, UsageError
from spaces.objective import Batch
from tests.conftest import TINY
from tests.evaluators.generation.unsaid import unsaid

FAMILIES = ["llama", "gpt2", "opt"]
DECODERS = [
    family
    for family, (kind, _) in TINY.items()
    if kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES
]
NEVER = 99_999  # no token


def one_by_one(model, ids: np.ndarray, steps: int, stop: int) -> list[int]:
    """Greedily and without a cache: the whole text anew for every token, alone and unpadded."""
    tokens = torch.from_numpy(ids)[None]
    said: list[int] = []
    while len(said) < steps and stop not in said:
        with torch.no_grad():
            said.append(int(model(input_ids=tokens, use_cache=False).logits[0, -1].argmax()))
        tokens = torch.cat([tokens, torch.tensor([[said[-1]]])], dim=1)
    return said


@pytest.mark.parametrize("family", DECODERS)
def test_greedily_it_is_the_likeliest_token_each_time_though_rows_are_padded(
    tiny_language_model, make_test, family
):
    model, test = tiny_language_model(family), make_test()
    batch = test.batch(np.arange(5), pad=1, device=model.device)
    stop = one_by_one(model, test.prompts.input_ids[0], 6, NEVER)[3]  # so that a row ends early
    said = continued(model, batch, test.decoding, [stop])
    assert said.shape == (5, 6)
    for row, ids in zip(said.tolist(), test.prompts.input_ids, strict=True):
        expected = one_by_one(model, ids, 6, stop)
        assert row == expected + [1] * (6 - len(expected))


@pytest.mark.parametrize("family", FAMILIES)
def test_beams_are_those_of_transformers_row_by_row_with_a_cache_and_without(
    tiny_language_model, make_test, family
):
    model, test = tiny_language_model(family), make_test(beams=3, length_penalty=0.8, no_repeat_ngram=2)
    batch = test.batch(np.arange(5), pad=1, device=model.device)
    said = continued(model, batch, test.decoding, [3])
    again = continued(model, batch, test.decoding, [3], use_cache=False)
    torch.testing.assert_close(said, again)
    own = GenerationConfig(num_beams=3, length_penalty=0.8, do_sample=False)
    for row, ids in zip(said, test.prompts.input_ids, strict=True):
        alone = model.generate(
            torch.from_numpy(ids)[None],
            attention_mask=torch.ones(1, len(ids), dtype=torch.long),
            generation_config=own,
            max_new_tokens=6,
            prefix_allowed_tokens_fn=unsaid(len(ids), model.config.vocab_size),
        )[0, len(ids) :]
        assert row[: len(alone)].tolist() == alone.tolist()


def who_counts_around(model, first: int, last: int):
    """The model, made to go on from each token with the next, and from the last with the first."""
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.data.zero_()
        layer.mlp.down_proj.weight.data.zero_()
    tokens = torch.nn.functional.normalize(torch.randn(100, 32, generator=torch.Generator().manual_seed(0)))
    before = torch.arange(-1, 99)
    before[first], before[last + 1] = last, first - 1
    model.model.embed_tokens.weight.data.copy_(tokens)
    model.lm_head.weight = torch.nn.Parameter(50 * tokens[before])
    return model


@pytest.mark.parametrize("beams", [1, 3])
def test_an_answer_may_copy_from_its_prompt_what_it_may_not_say_twice(tiny_language_model, make_test, beams):
    model = who_counts_around(tiny_language_model("llama"), 10, 14)
    test = make_test(beams=beams, no_repeat_ngram=4, max_new_tokens=8)
    ids = torch.tensor([[1, 1, 10, 11, 12, 13, 14, 10], [9, 10, 11, 12, 13, 14, 10, 11]])
    batch = Batch({"input_ids": ids, "attention_mask": (ids != 1).long()}, ids)
    said = continued(model, batch, test.decoding, [3])
    assert said.tolist() == [[11, 12, 13, 14, 10, 11, 12, 13], [12, 13, 14, 10, 11, 12, 13, 14]]
    for row in continued(model, batch, replace(test.decoding, max_new_tokens=12), [3]).tolist():
        assert len({tuple(row[i : i + 4]) for i in range(9)}) == 9


def test_what_a_checkpoint_recommends_does_not_count_and_the_model_is_left_as_it_was(
    tiny_language_model, make_test
):
    model, test = tiny_language_model("llama"), make_test()
    batch = test.batch(np.arange(5), pad=1, device=model.device)
    plain = continued(model, batch, test.decoding, [3])
    model.generation_config.update(do_sample=True, temperature=9.0, repetition_penalty=5.0, max_length=3)
    before = model.generation_config.to_dict()
    torch.testing.assert_close(continued(model, batch, test.decoding, [3]), plain)
    assert model.generation_config.to_dict() == before
    assert model.config.use_cache is False


def test_a_text_ends_where_the_makers_say_or_the_tokenizer_does(tiny_language_model):
    model = tiny_language_model("llama")
    model.generation_config.eos_token_id = [7, 8]
    assert stops_of(model, 9) == (7, 8, 3, 9)
    model.generation_config.eos_token_id = model.config.eos_token_id = None
    assert stops_of(model, 3) == (3,)
    with pytest.raises(InputError, match="end-of-text token"):
        stops_of(model, None)


@pytest.mark.parametrize("family", ["llama", "gpt2", "opt"])
def test_a_prompt_without_room_behind_it_is_refused(tiny_language_model, tiny_model, family):
    check_room(tiny_language_model(family), 58, Decoding(max_new_tokens=6))
    with pytest.raises(UsageError, match="more than the 64 tokens that the model can read"):
        check_room(tiny_language_model(family), 59, Decoding(max_new_tokens=6))


def test_a_model_that_cannot_generate_is_refused(tiny_model):
    with pytest.raises(InputError, match="transformers generates no text with a BertForSequence"):
        check_room(tiny_model("bert"), 2, Decoding())
