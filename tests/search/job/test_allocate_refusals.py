"""Types of model and batches from which nothing can be allocated: a reason, and a remedy."""

from __future__ import annotations

import copy
from typing import Any, Final

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, BartConfig, PreTrainedConfig, T5Config

from search.job.allocate import allocate
from spaces.errors import InputError, UsageError
from tests.conftest import TinyModel
from tests.model_types import VOCABULARY, tiny_model_of
from tests.search.job.labelled_batches import batches_of

TWO_STREAMS: Final[dict[str, PreTrainedConfig]] = {
    "bart": BartConfig(vocab_size=VOCABULARY, d_model=32, encoder_layers=1, decoder_layers=1),
    "t5": T5Config(vocab_size=VOCABULARY, d_model=32, d_ff=48, num_layers=1, decoder_start_token_id=0),
}


@pytest.mark.parametrize(
    ("model_type", "says"),
    [
        ("canine", "does not say what embeds its inputs"),
        ("ibert", "PEFT cannot adapt this model so"),
        ("perceiver", "no module through which gradients could be followed"),
        ("reformer", "cannot be run on a batch"),
        ("squeezebert", "has no linear in a numbered block"),
    ],
)
def test_types_that_cannot_be_are_refused_with_a_reason(model_type: str, says: str) -> None:
    model = tiny_model_of(model_type)
    with pytest.raises(InputError, match=says):
        allocate(model, batches_of(model), budget="r=2")


@pytest.mark.parametrize(
    ("batches", "says"),
    [
        ([], "`dataloader` gave no batch; give at least two"),
        ([{"input_ids": torch.ones(2, 3, dtype=torch.long)}], "no tensor of `labels`"),
        (
            [{"input_ids": torch.ones(1, 3, dtype=torch.long), "labels": torch.full((1, 3), -100)}],
            "below zero",
        ),
        ([[1, 2, 3]], "batch 1 of `dataloader` is a list"),
        ([{"input_ids": torch.full((2, 3), 1000), "labels": torch.zeros(2, 3).long()}], "cannot be run on"),
    ],
)
def test_batches_that_cannot_be_scored_are_refused_with_a_reason(
    tiny_language_model: TinyModel, batches: list[Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        allocate(tiny_language_model("llama"), batches, budget="r=2")


@pytest.mark.parametrize("model_type", TWO_STREAMS)
@pytest.mark.parametrize(
    ("proxy", "what"),
    [
        ("eva", "what a site reads"),
        ("jacov", "what each row reads"),
        ("nwot", "what each row reads"),
        ("synflow", "what a row of ones says"),
    ],
)
def test_what_needs_one_padding_mask_is_refused_of_two_streams(
    model_type: str, proxy: str, what: str
) -> None:
    model = AutoModelForSeq2SeqLM.from_config(TWO_STREAMS[model_type])
    with pytest.raises(InputError, match=rf"^{what} of an encoder-decoder \({model_type}\) is not known"):
        allocate(model, batches_of(model), budget="r=2", proxy=proxy)


def test_models_that_cannot_be_scored_are_refused_with_a_reason(tiny_language_model: TinyModel) -> None:
    model = tiny_language_model("llama")
    batches = batches_of(model)
    with torch.device("meta"), pytest.raises(InputError, match="meta device"):
        allocate(AutoModelForCausalLM.from_config(model.config), batches, budget="r=2")
    with pytest.raises(UsageError, match="`model` is a PeftModelForCausalLM that wraps one"):
        allocate(
            get_peft_model(copy.deepcopy(model), LoraConfig(task_type="CAUSAL_LM")), batches, budget="r=2"
        )
    with pytest.raises(UsageError, match="`dataloader` is a dict"):
        allocate(model, batches[0], budget="r=2")
    with pytest.raises(InputError, match="give it at least 2"):
        allocate(model, batches[:1], budget="r=2")


def test_too_few_batches_are_refused_without_the_name_of_an_option(tiny_language_model: TinyModel) -> None:
    model = tiny_language_model("llama")
    with pytest.raises(
        InputError, match="was given 1; give it at least 2 batches, or leave it out"
    ) as refused:
        allocate(model, batches_of(model), budget="r=2", proxy="adam_signal", batches=1)
    assert "scoring" not in str(refused.value)
