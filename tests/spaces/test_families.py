from __future__ import annotations

import pytest
from transformers import AutoConfig, BertConfig, OPTConfig

from spaces.families import FAMILIES, find_family


@pytest.mark.parametrize("name", FAMILIES)
def test_every_row_is_found_by_a_configuration_of_transformers(name: str) -> None:
    model_type, _, variant = name.partition("/")
    config = AutoConfig.for_model(model_type)
    if variant:
        config.do_layer_norm_before = False
    assert find_family(config) is FAMILIES[name]


def test_opt_follows_where_its_layer_norm_stands() -> None:
    assert find_family(OPTConfig(do_layer_norm_before=True)) is FAMILIES["opt"]
    assert find_family(OPTConfig(do_layer_norm_before=False)) is FAMILIES["opt/post-norm"]


def test_a_type_that_no_row_names_has_no_family() -> None:
    assert find_family(AutoConfig.for_model("distilbert")) is None


def test_norms_are_named_exactly_where_the_sums_lie_before_them() -> None:
    for family in FAMILIES.values():
        if family.norms:
            assert (family.attention_sum.module, family.ffn_sum.module) == family.norms
            assert (family.attention_sum.side, family.ffn_sum.side) == ("in", "in")
        else:
            assert (family.attention_sum.side, family.ffn_sum.side) == ("out", "out")


def test_rows_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        FAMILIES["bert"] = FAMILIES["opt"]  # type: ignore[index]
    with pytest.raises(TypeError):
        find_family(BertConfig()).linears["q"] = None  # type: ignore[index, union-attr]
