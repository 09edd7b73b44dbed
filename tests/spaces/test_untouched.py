from __future__ import annotations

from contextlib import suppress

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


def test_what_a_forward_notes_in_a_configuration_is_forgotten(tiny_model: TinyModel) -> None:
    model = tiny_model("bert")
    model.config.problem_type = None
    before = dict(vars(model.config))
    ids = torch.tensor([[2, 3], [4, 5]])
    with suppress(ValueError), untouched(model):
        model(input_ids=ids, labels=torch.zeros(2, model.config.num_labels))
        assert model.config.problem_type == "multi_label_classification"
        model.config.noted = True
        raise ValueError("later")
    assert vars(model.config) == before
    model(input_ids=ids, labels=torch.tensor([0, 1]))


def test_the_configurations_of_a_model_s_parts_come_back_too(tiny_model: TinyModel) -> None:
    model = tiny_model("bert")
    inner = model.config.__class__(hidden_size=8)
    model.config.part, model.bert.encoder.config = inner, model.config.__class__(hidden_size=16)
    with untouched(model):
        inner.hidden_size = model.bert.encoder.config.hidden_size = 1
    assert (model.config.part, inner.hidden_size, model.bert.encoder.config.hidden_size) == (inner, 8, 16)


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
