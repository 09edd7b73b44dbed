from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from evaluators.objectives.causal_trial import check_language_model
from spaces.errors import InputError


@pytest.mark.parametrize("family", ["opt", "opt-post", "gpt2", "llama", "qwen3", "gemma2", "gemma3_text"])
def test_decoders_pass(tiny_language_model, family):
    check_language_model(tiny_language_model(family))


def test_a_model_that_sees_what_it_foretells_is_refused(tiny_language_model):
    check_language_model(tiny_language_model("bert", is_decoder=True))
    with pytest.raises(InputError, match="this bert model sees the tokens that it is to foretell"):
        check_language_model(tiny_language_model("bert"))


def test_a_model_whose_logits_are_more_than_its_heads_is_refused(tiny_language_model):
    class Shifted(type(tiny_language_model("llama"))):
        def forward(self, input_ids=None, **inputs):
            output = super().forward(input_ids=input_ids, **inputs)
            if input_ids is not None:  # what only the tokens tell
                output.logits = output.logits + input_ids[..., None]
            return output

    model = Shifted(tiny_language_model("llama").config).eval()
    with pytest.raises(InputError, match="its loss cannot be taken in parts; choose another model"):
        check_language_model(model)


def test_on_the_meta_device_there_is_nothing_to_try():
    config = AutoConfig.for_model("bert", hidden_size=32, num_hidden_layers=1, num_attention_heads=2)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    check_language_model(model)
