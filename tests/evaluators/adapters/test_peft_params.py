from __future__ import annotations

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model

from evaluators.adapters.peft_params import peft_params
from spaces.errors import InputError
from tests.conftest import TinyModel


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama"])
def test_as_many_as_get_peft_model_makes(tiny_model: TinyModel, family: str) -> None:
    model = tiny_model(family)
    fused = family == "gpt2"
    targets = ["c_attn", "c_fc"] if fused else "all-linear"
    config = LoraConfig(r=3, target_modules=targets, fan_in_fan_out=fused)
    made = get_peft_model(copy.deepcopy(model), copy.deepcopy(config))
    by_module = peft_params(model, config)
    assert sum(by_module.values()) == sum(one.numel() for one in made.parameters() if one.requires_grad)
    assert all(
        params == 3 * sum(model.get_submodule(name).weight.shape) for name, params in by_module.items()
    )


def test_neither_the_model_nor_the_config_changes(tiny_model: TinyModel) -> None:
    model, config = tiny_model("gpt2"), LoraConfig(r=3, target_modules=["c_attn"], fan_in_fan_out=True)
    modules, tensors = dict(model.named_modules()), dict(model.named_parameters())
    before, generator = copy.deepcopy(config), torch.get_rng_state()
    peft_params(model, config)
    assert dict(model.named_modules()) == modules
    assert all(model.get_parameter(name) is tensor for name, tensor in tensors.items())
    assert config.to_dict() == before.to_dict()
    assert torch.equal(torch.get_rng_state(), generator)
    assert not hasattr(model, "peft_config")


def test_what_peft_refuses_is_refused_with_its_reason(tiny_model: TinyModel) -> None:
    with pytest.raises(InputError, match=r"PEFT cannot adapt this model so .*not found in the base model"):
        peft_params(tiny_model("bert"), LoraConfig(target_modules=["nowhere"]))
