from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from evaluators.objectives.causal_trial import check_language_model
from spaces.errors import InputError

of_each_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
of_usual_weights = pytest.mark.parametrize("size", [0.2, 0.02])  # the tests', and transformers'


@of_each_dtype
@pytest.mark.parametrize("family", ["opt", "opt-post", "gpt2", "llama", "qwen3", "gemma2", "gemma3_text"])
def test_decoders_pass(tiny_language_model, family, dtype):
    check_language_model(tiny_language_model(family).to(dtype))


@of_each_dtype
@of_usual_weights
def test_a_model_that_sees_what_it_foretells_is_refused(tiny_language_model, size, dtype):
    check_language_model(tiny_language_model("bert", is_decoder=True, initializer_range=size).to(dtype))
    with pytest.raises(InputError, match="this bert model sees the tokens that it is to foretell"):
        check_language_model(tiny_language_model("bert", initializer_range=size).to(dtype))


def test_a_model_is_tried_as_it_is_now_however_it_was_before(tiny_language_model):
    model = tiny_language_model("bert", is_decoder=True)
    check_language_model(model)
    model.config.is_decoder = model.bert.config.is_decoder = False
    for layer in model.bert.encoder.layer:
        layer.attention.self.is_causal = False
    with pytest.raises(InputError, match="sees the tokens"):
        check_language_model(model)


@of_each_dtype
def test_a_model_whose_logits_are_more_than_its_heads_is_refused(tiny_language_model, dtype):
    class Shifted(type(tiny_language_model("llama"))):
        def forward(self, input_ids=None, **inputs):
            output = super().forward(input_ids=input_ids, **inputs)
            if input_ids is not None:  # what only the tokens tell
                output.logits = output.logits * (1 + 0.1 * input_ids[..., None])
            return output

    model = Shifted(tiny_language_model("llama").config).eval().to(dtype)
    with pytest.raises(InputError, match="its loss cannot be taken in parts; choose another model"):
        check_language_model(model)


def test_on_the_meta_device_there_is_nothing_to_try():
    config = AutoConfig.for_model("bert", hidden_size=32, num_hidden_layers=1, num_attention_heads=2)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    check_language_model(model)
