from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

import pytest
from peft import get_peft_model
from transformers import PreTrainedModel

from evaluators.adapters.adapter_config import adapter_config
from evaluators.adapters.adapter_record import AdapterRecord
from evaluators.adapters.peft_params import peft_params
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from tests.conftest import TinyModel
from tests.model_types import tiny_language_model_of

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


def test_what_also_projects_positions_is_told(
    tiny_model: TinyModel, caplog: pytest.LogCaptureFixture
) -> None:
    adapter_config(RECORD, tiny_model("deberta-v2"))
    assert "PEFT's adapter at layers.0.q and the like would change its positions' projection" in caplog.text
    caplog.clear()
    adapter_config(replace(RECORD, allocation=Allocation.of({"layers.0.v": 2})), tiny_model("deberta-v2"))
    assert "positions" not in caplog.text


def record_of(model: PreTrainedModel, space: str, ranks: Mapping[str, int]) -> AdapterRecord:
    """Of an adapter with these ranks at the roles of a space, 2 where none is given."""
    allocation = Allocation.of({site.name: ranks.get(site.role, 2) for site in find_sites(model, space)})
    return replace(RECORD, allocation=allocation, scaling=Scaling())


FUSED = {
    "bloom": "lora[q,k,v]",
    "falcon": "lora[q,k,v]",
    "gpt2": "lora[q,k,v]",
    "gpt_neox": "lora[q,k,v]",
    "modernbert": "lora[gate,up]",
    "phi3": "lora[q,v,gate,up]",
}


@pytest.mark.parametrize(("family", "space"), FUSED.items())
def test_fused_linears_keep_their_wires_factor_and_the_log_says_what_they_cost(
    tiny_family: TinyModel, family: str, space: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = tiny_family(family)
    record = record_of(model, space, {})
    config = adapter_config(record, model)
    made = sum(peft_params(model, config).values())
    wires = sum(2 * site.cost_per_rank for site in find_sites(model, space))
    adapted = get_peft_model(copy.deepcopy(model), config)
    seen = [one for one in adapted.modules() if "lora_A" in one._modules]
    assert {one.r["default"] for one in seen} <= {4, 6}
    assert {one.scaling["default"] for one in seen} == {16 / 2}
    assert f"the config has {made:,} parameters, of which the adapter has {wires:,}: " in caplog.text


def test_of_different_factors_a_fused_linear_has_the_largest(tiny_model: TinyModel) -> None:
    model = tiny_model("gpt2")
    config = adapter_config(record_of(model, "lora[q,v]", {"q": 1, "v": 4}), model)
    assert (config.r, config.lora_alpha / config.r) == (5, 16)


def test_where_nothing_is_fused_nothing_is_said(
    tiny_model: TinyModel, caplog: pytest.LogCaptureFixture
) -> None:
    model = tiny_model("llama")
    adapter_config(record_of(model, "lora[all]", {}), model)
    assert not caplog.records


@pytest.mark.parametrize(
    ("model_type", "said"),
    [
        ("deepseek_v3", r"PEFT would give model\.layers\.\d\.mlp\S* [\d,]+ parameters under the config"),
        ("qwen3_next", r"PEFT would give model\.layers\.\d\.mlp\S* [\d,]+ parameters under the config"),
        ("mamba", r"PEFT cannot adapt this model so .*out_proj"),
        ("falcon_h1", r"PEFT cannot adapt this model so .*out_proj"),
    ],
)
def test_a_config_of_which_peft_makes_something_else_is_refused(model_type: str, said: str) -> None:
    model = tiny_language_model_of(model_type)
    record = replace(record_of(model, "lora[all]", {}), architecture="causal_lm", label_names=())
    with pytest.raises(InputError, match=said + r".*`format=merged`"):
        adapter_config(record, model)


def test_a_head_without_wires_is_refused(tiny_model: TinyModel) -> None:
    record = replace(RECORD, allocation=Allocation.of({}))
    with pytest.raises(InputError, match=r"has a head and no wire, .*`format=merged`"):
        adapter_config(record, tiny_model("llama"))
