from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from peft import get_peft_model
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
    GPT2LMHeadModel,
    LlamaForCausalLM,
    T5ForConditionalGeneration,
)

from evaluators.adapters.lora_config import anchored, lora_config, task_type_of
from evaluators.adapters.peft_sites import peft_sites
from evaluators.base.classifier_head import classifier_head
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from tests.conftest import TinyModel
from tests.model_types import tiny_model_of


def as_peft_matches(key: str, module: str) -> bool:
    """Source: peft/utils/other.py, get_pattern_key."""
    return re.match(rf"(.*\.)?({key})$", module) is not None


def test_an_anchored_key_fits_its_own_module_alone() -> None:
    key = anchored("model.layers.1.q")
    assert as_peft_matches(key, "model.layers.1.q")
    for other in (
        "model.layers.11.q",
        "decoder.model.layers.1.q",
        "model_layers.1.q",
        "model.layers.1.q.base",
    ):
        assert not as_peft_matches(key, other)


@pytest.mark.parametrize(
    ("kind", "task"),
    [
        (BertForSequenceClassification, "SEQ_CLS"),
        (BertForTokenClassification, "TOKEN_CLS"),
        (BertForQuestionAnswering, "QUESTION_ANS"),
        (T5ForConditionalGeneration, "SEQ_2_SEQ_LM"),
        (LlamaForCausalLM, "CAUSAL_LM"),
        (GPT2LMHeadModel, "CAUSAL_LM"),
        (BertModel, None),
    ],
)
def test_the_task_is_that_of_the_model_s_class_and_of_those_made_of_it(kind: type, task: str | None) -> None:
    own = type("MyOwn", (kind,), {})
    assert task_type_of(kind.__new__(kind)) == task
    assert task_type_of(own.__new__(own)) == task


def test_sites_at_rank_0_are_left_out_and_the_largest_rank_is_no_exception(tiny_model: TinyModel) -> None:
    model = tiny_model("llama")
    sites = peft_sites(model, find_sites(model, "lora[q]"))
    config = lora_config(
        model, sites, Allocation.of({"layers.0.q": 8, "layers.2.q": 2}), Scaling(), task_type="CAUSAL_LM"
    )
    assert config.target_modules == {"model.layers.0.self_attn.q_proj", "model.layers.2.self_attn.q_proj"}
    assert (config.r, config.lora_alpha, config.alpha_pattern) == (8, 16, {})
    assert config.rank_pattern == {anchored("model.layers.2.self_attn.q_proj"): 2}


def test_one_alpha_over_r_holds_everywhere_under_the_constant_rule(tiny_model: TinyModel) -> None:
    model = tiny_model("llama")
    sites = peft_sites(model, find_sites(model, "lora[q]"))
    config = lora_config(
        model, sites, Allocation.of({"layers.0.q": 8, "layers.2.q": 2}), Scaling("constant"), task_type=None
    )
    assert config.lora_alpha / config.r == 16 / 8
    assert config.alpha_pattern == {anchored("model.layers.2.self_attn.q_proj"): 4}


WITH_HEADS = [
    (AutoModelForSequenceClassification, model_type)
    for model_type in (
        *("bart", "bert", "deberta-v2", "distilbert", "eurobert", "flaubert", "gpt2", "modernbert", "mpnet"),
        *("roberta", "xlm", "xlnet"),
    )
] + [
    (auto, model_type)
    for auto in (AutoModelForTokenClassification, AutoModelForQuestionAnswering)
    for model_type in ("bert", "modernbert")
]


@pytest.mark.parametrize(("auto", "model_type"), WITH_HEADS)
def test_the_whole_head_trains_and_nothing_else_beside_the_adapters(auto: Any, model_type: str) -> None:
    model = auto.from_config(tiny_model_of(model_type).config)
    sites = peft_sites(model, find_sites(model, "lora[all]"))
    every = Allocation.of({site.name: 1 for site in sites})
    config = lora_config(model, sites, every, Scaling(), task_type=task_type_of(model))
    assert config.task_type is not None
    adapted = get_peft_model(copy.deepcopy(model), config)
    trained = {
        re.sub(r"^base_model\.model\.|modules_to_save\.default\.", "", name)
        for name, parameter in adapted.named_parameters()
        if parameter.requires_grad and ".lora_" not in name
    }
    heads = classifier_head(model)
    assert trained == {f"{name}.{key}" for name, head in heads.items() for key, _ in head.named_parameters()}


def test_a_head_that_cannot_be_told_is_left_to_peft(caplog: pytest.LogCaptureFixture) -> None:
    model = AutoModelForQuestionAnswering.from_config(tiny_model_of("t5").config)
    sites = find_sites(model, "lora[q]")
    every = Allocation.of({site.name: 1 for site in sites})
    config = lora_config(model, sites, every, Scaling(), task_type=task_type_of(model))
    assert config.modules_to_save is None
    assert "PEFT alone decides which part of the head trains" in caplog.text


def test_a_language_model_has_no_head_to_train(tiny_language_model: TinyModel) -> None:
    model = tiny_language_model("llama")
    config = lora_config(
        model,
        find_sites(model, "lora[q]"),
        Allocation.of({"layers.0.q": 1}),
        Scaling(),
        task_type=task_type_of(model),
    )
    assert config.modules_to_save is None
