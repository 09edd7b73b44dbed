from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from peft import get_peft_model

from evaluators.adapters.adapter_config import adapter_config
from evaluators.adapters.adapter_record import AdapterRecord
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.scaling import Scaling
from tests.conftest import TinyModel

RECORD = AdapterRecord(
    base="somewhere",
    allocation=Allocation.of({"layers.0.q": 3, "layers.0.v": 1, "layers.1.q": 2}),
    scaling=Scaling("constant"),
    renorm="preserve",
    seed=0,
    learning_rate=1e-3,
    label_names=("no", "yes"),
    wire_params=0,
    head_params=0,
    stock_peft=True,
    pad_token_id=1,
    base_digest=None,
)


@pytest.mark.parametrize(("family", "ranks"), [("llama", [3, 1, 2]), ("gpt2", [4, 2])])
def test_every_adapter_has_its_rank_and_factor(tiny_model: TinyModel, family: str, ranks: list[int]) -> None:
    model = tiny_model(family)
    config = adapter_config(RECORD, model)
    adapted = get_peft_model(copy.deepcopy(model), config)
    seen = [one for one in adapted.modules() if "lora_A" in one._modules]
    assert [one.r["default"] for one in seen] == ranks
    assert {one.scaling["default"] for one in seen} == {2.0}


def test_the_task_is_what_was_trained(tiny_model: TinyModel) -> None:
    model = tiny_model("llama")
    assert adapter_config(RECORD, model).task_type == "SEQ_CLS"
    assert adapter_config(replace(RECORD, architecture="causal_lm"), model).task_type == "CAUSAL_LM"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("layers.0.res1", "PEFT has no adapter for layers.0.res1 or any other shortcut, of which .* has 1;"),
        ("layers.1.cut2", "PEFT has no adapter for layers.1.cut2 or any other shortcut"),
        ("layers.99.q", "the base model has no linear for layers.99.q, .* of somewhere .*`model`"),
    ],
)
def test_what_peft_cannot_have_is_refused(tiny_model: TinyModel, name: str, said: str) -> None:
    record = replace(RECORD, allocation=Allocation.of({"layers.0.q": 3, name: 1}))
    with pytest.raises(InputError, match=said):
        adapter_config(record, tiny_model("llama"))
