from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model

from search.job.own_model import check_own_model
from spaces.errors import InputError, UsageError
from tests.conftest import TinyModel


def test_a_model_of_transformers_will_do(tiny_model: TinyModel) -> None:
    check_own_model(tiny_model("bert"))


def test_what_wraps_one_is_told_so(tiny_model: TinyModel) -> None:
    wrapped = torch.nn.DataParallel(tiny_model("bert"))
    with pytest.raises(
        UsageError, match="`model` is a DataParallel that wraps one, not a model of transformers"
    ):
        check_own_model(wrapped)


def test_adapters_inside_it_are_refused(tiny_model: TinyModel) -> None:
    model = tiny_model("llama")
    model.add_adapter(LoraConfig(target_modules=["q_proj"]))
    with pytest.raises(InputError, match="has PEFT adapters in it already"):
        check_own_model(model)


def test_adapters_that_were_put_in_from_outside_are_seen_until_they_are_unloaded(
    tiny_model: TinyModel,
) -> None:
    adapted = get_peft_model(tiny_model("llama"), LoraConfig(target_modules=["q_proj"]))
    with pytest.raises(InputError, match=r"has PEFT adapters in it already; .* `unload\(\)`"):
        check_own_model(adapted.get_base_model())
    check_own_model(adapted.unload())
