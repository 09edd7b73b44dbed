from __future__ import annotations

import copy

import pytest
import torch

from spaces.untouched import untouched
from tests.conftest import TinyModel


def test_inside_the_model_is_frozen_and_in_eval_mode(tiny_model: TinyModel) -> None:
    model = tiny_model("llama").train().requires_grad_(True)
    model.config.use_cache = True
    with untouched(model):
        assert not any(parameter.requires_grad for parameter in model.parameters())
        assert not any(module.training for module in model.modules())
        assert not model.config.use_cache
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(module.training for module in model.modules())
    assert model.config.use_cache


def test_mixed_states_come_back_each_to_its_own_even_after_an_error(tiny_model: TinyModel) -> None:
    model = tiny_model("bert")
    model.classifier.train()
    model.classifier.bias.requires_grad_(True)
    state = torch.get_rng_state()
    with pytest.raises(ValueError, match="tensor"), untouched(model):
        raise ValueError(f"{torch.rand(3)}")
    trains = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert trains == ["classifier.bias"]
    assert [name for name, module in model.named_modules() if module.training] == ["classifier"]
    assert torch.equal(torch.get_rng_state(), state)


def test_what_a_forward_writes_into_configurations_is_taken_back(tiny_model: TinyModel) -> None:
    model = tiny_model("bert", num_labels=2)
    inner = model.bert.config = copy.deepcopy(model.config)
    before, tokens = model.config.to_dict(), torch.full((4, 5), 7)
    with untouched(model):
        model(input_ids=tokens, labels=torch.rand(4, 2))
        assert model.config.problem_type == "multi_label_classification"
        inner.hidden_act, model.config.left_behind = "none", True
    assert model.config.to_dict() == before
    assert inner.hidden_act == model.config.hidden_act
    assert not hasattr(model.config, "left_behind")
