"""What PEFT makes of a model is the model with adapters, and all of it that trains is float32."""

from __future__ import annotations

import pytest
import torch
from peft import IA3Config, LoraConfig, OFTConfig, PrefixTuningConfig

from evaluators.objectives.classification import Classification
from evaluators.training.with_adapter import with_adapter

CONFIGS = {
    "lora": LoraConfig(r=2, target_modules="all-linear"),
    "dora": LoraConfig(r=2, target_modules="all-linear", use_dora=True),
    "oft": OFTConfig(oft_block_size=4, target_modules="all-linear"),
    "ia3": IA3Config(target_modules="all-linear", feedforward_modules=[]),
    "prefix": PrefixTuningConfig(num_virtual_tokens=2),
}


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_all_that_trains_is_float32(tiny_model, kind, dtype):
    tuned = with_adapter(CONFIGS[kind], tiny_model("bert").to(dtype), Classification(("no", "yes")))
    trained = {name: one.dtype for name, one in tuned.named_parameters() if one.requires_grad}
    assert set(trained.values()) == {torch.float32}
    assert any("classifier" in name for name in trained)
    assert tuned.get_base_model().get_input_embeddings().weight.dtype == dtype


@pytest.mark.parametrize("family", ["bert", "roberta", "deberta-v2", "distilbert", "modernbert", "llama"])
def test_a_head_in_float32_over_a_body_in_bfloat16_answers_as_the_model_does(tiny_model, tiny_batch, family):
    model = tiny_model(family).to(torch.bfloat16)
    tuned = with_adapter(CONFIGS["lora"], model, Classification(("no", "yes")))
    with torch.no_grad():
        theirs, ours = tuned(**tiny_batch).logits, model(**tiny_batch).logits
    assert theirs.dtype == torch.float32
    torch.testing.assert_close(theirs, ours.float(), rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("kind", CONFIGS)
def test_frozen_weights_are_the_models_own(tiny_model, kind):
    """So that the memory of a run has them once, as that of a cohort has."""
    model = tiny_model("bert")
    tuned = with_adapter(CONFIGS[kind], model, Classification(("no", "yes")))
    frozen = {id(one) for one in tuned.parameters() if not one.requires_grad}
    assert frozen == {id(one) for one in model.parameters()}
    assert not any(one.requires_grad for one in model.parameters())
