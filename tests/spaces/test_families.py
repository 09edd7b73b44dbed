from __future__ import annotations

from typing import Any

import pytest
from transformers import AutoConfig, BertConfig, FalconConfig, OPTConfig

from spaces.families import FAMILIES, find_family

VARIANTS: dict[str, dict[str, Any]] = {
    "opt/post-norm": {"do_layer_norm_before": False},
    "gpt_neox/sequential": {"use_parallel_residual": False},
    "falcon/sequential": {"parallel_attn": False},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_row_is_found_by_a_configuration_of_transformers(name: str) -> None:
    model_type = name.partition("/")[0]
    assert find_family(AutoConfig.for_model(model_type, **VARIANTS.get(name, {}))) is FAMILIES[name]


def test_opt_follows_where_its_layer_norm_stands() -> None:
    assert find_family(OPTConfig(do_layer_norm_before=True)) is FAMILIES["opt"]
    assert find_family(OPTConfig(do_layer_norm_before=False)) is FAMILIES["opt/post-norm"]


def test_falcon_has_one_sum_a_block_with_its_new_architecture_or_with_parallel_attention() -> None:
    for new, parallel in [(True, True), (True, False), (False, True)]:
        config = FalconConfig(new_decoder_architecture=new, parallel_attn=parallel)
        assert find_family(config) is FAMILIES["falcon"]


def test_a_type_that_no_row_names_has_no_family() -> None:
    assert find_family(AutoConfig.for_model("biogpt")) is None


def test_norms_are_named_exactly_where_the_sums_lie_before_them() -> None:
    for family in FAMILIES.values():
        if family.attention_sum is None:
            assert (family.attention_state, family.norms, family.shortcuts) == (None, None, ("in",))
        elif family.norms:
            assert (family.attention_sum.module, family.ffn_sum.module) == family.norms
            assert (family.attention_sum.side, family.ffn_sum.side) == ("in", "in")
        else:
            assert (family.attention_sum.side, family.ffn_sum.side) == ("out", "out")


def test_rows_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        FAMILIES["bert"] = FAMILIES["opt"]  # type: ignore[index]
    with pytest.raises(TypeError):
        find_family(BertConfig()).linears["q"] = None  # type: ignore[index, union-attr]


def test_a_fused_linear_is_named_after_all_that_it_holds() -> None:
    assert FAMILIES["gpt2"].fused_role("k") == FAMILIES["bloom"].fused_role("v") == "qkv"
    assert FAMILIES["phi3"].fused_role("up") == "gate_up"
    assert FAMILIES["phi3"].fused_role("down") == "down"
