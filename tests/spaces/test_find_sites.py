from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, OPTConfig, PreTrainedModel

from spaces import Part, Site, UsageError, params_per_rank
from spaces.families import FAMILIES
from spaces.find_sites import find_sites, sites_by_leaf_name
from spaces.own_part import part_of

EVERYTHING = "lora[all]+shortcut"
TINY_OF = {"opt/post-norm": "opt-post"}
BLOCKS = {"albert": 2}  # of four layers


def on_meta(model_type: str, **sizes: Any) -> PreTrainedModel:
    config = AutoConfig.for_model(model_type, **sizes)
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForSequenceClassification.from_config(config)
    return model


@pytest.fixture(scope="module")
def opt_350m() -> PreTrainedModel:
    config = OPTConfig(
        hidden_size=1024,
        ffn_dim=4096,
        num_hidden_layers=24,
        num_attention_heads=16,
        word_embed_proj_dim=512,
        do_layer_norm_before=False,
        vocab_size=50272,
        max_position_embeddings=2048,
    )
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForSequenceClassification.from_config(config)
    return model


@pytest.mark.parametrize(
    ("space", "rank", "params"),
    [
        ("lora", 2, 196_608),
        ("lora", 4, 393_216),
        ("lora", 8, 786_432),
        ("lora", 24, 2_359_296),
        ("lora", 96, 9_437_184),
        ("lora[fc1]", 8, 983_040),
        ("lora[q,v,fc1,fc2]", 2, 688_128),
        ("lora+shortcut", 1, 292_864),
        ("lora+shortcut", 2, 585_728),
        ("lora+shortcut", 8, 2_342_912),
        ("lora+shortcut", 32, 9_371_648),
    ],
)
def test_opt_350m_costs_what_the_paper_counts(
    opt_350m: PreTrainedModel, space: str, rank: int, params: int
) -> None:
    assert rank * params_per_rank(find_sites(opt_350m, space)) == params


def test_opt_350m_has_48_lora_sites_and_95_shortcuts(opt_350m: PreTrainedModel) -> None:
    sites = find_sites(opt_350m, "lora+shortcut")
    assert Counter(site.role for site in sites) == {
        "q": 24, "v": 24, "res1": 24, "res2": 24, "in": 24, "cut": 23,
    }  # fmt: skip
    assert len({site.name for site in sites}) == 143


@pytest.mark.parametrize("family", FAMILIES)
def test_every_tap_and_norm_of_every_family_is_a_module(family: str, tiny_family: Any) -> None:
    model = tiny_family(TINY_OF.get(family, family))
    sites = find_sites(model, EVERYTHING + "+cross[all;span=2..3]")
    assert {site.layer for site in sites} == set(range(BLOCKS.get(family, 3)))
    for site in sites:
        for module in (site.source.module, site.target.module, site.norm):
            if module is not None:
                model.get_submodule(module)


@pytest.mark.parametrize("family", FAMILIES)
def test_lora_sites_have_the_shapes_of_their_linears(family: str, tiny_family: Any) -> None:
    model = tiny_family(TINY_OF.get(family, family))
    sites = find_sites(model, "lora[all]")
    ffn_of_experts = 3 * (3 - 1) if family == "qwen3_moe" else 0  # its layer 1 alone has linears for an FFN
    assert len(sites) == BLOCKS.get(family, 3) * len(FAMILIES[family].linears) - ffn_of_experts
    for module in {site.target.module for site in sites}:
        parts = [site for site in sites if site.target.module == module]
        weight = model.get_submodule(module).weight
        d_in, width = weight.shape if family == "gpt2" else weight.shape[::-1]  # Conv1D keeps (in, out)
        assert {site.d_in for site in parts} == {d_in}
        rows = torch.cat([part_of(torch.arange(width), site.target) for site in parts])
        assert sorted(rows.tolist()) == list(range(width))  # the parts of a fused linear are all of it, once
        assert [len(part_of(torch.arange(width), one.target)) for one in parts] == [
            one.d_out for one in parts
        ]
        for site in parts:
            assert (site.source.module, site.source.side, site.target.side) == (module, "in", "out")


@pytest.mark.parametrize("family", FAMILIES)
def test_shortcuts_are_as_wide_as_the_residual_stream(family: str, tiny_family: Any) -> None:
    sites = find_sites(tiny_family(TINY_OF.get(family, family)), "shortcut")
    assert {(site.d_in, site.d_out) for site in sites} == {(32, 32)}
    all_of = {"res1": 3, "res2": 3, "in": 3, "cut": 2}
    only_sum, shared = {"in": 3}, {"res1": 2, "res2": 2}
    if FAMILIES[family].attention_sum is None:
        assert Counter(site.role for site in sites) == only_sum
    else:
        assert Counter(site.role for site in sites) == (shared if family == "albert" else all_of)


@pytest.mark.parametrize("family", FAMILIES)
def test_only_cross_wires_of_post_norm_blocks_name_the_norm_to_apply_again(
    family: str, tiny_family: Any
) -> None:
    sites = find_sites(tiny_family(TINY_OF.get(family, family)), EVERYTHING)
    norms = FAMILIES[family].norms
    for site in sites:
        if norms and site.kind == "cross":
            assert site.norm is not None
            assert site.norm.endswith(f".{site.layer}.{norms[0 if site.role == 'cut' else 1]}")
            assert (site.norm, site.target.side) == (site.target.module, "in")
        else:
            assert site.norm is None


def test_gpt2_splits_its_fused_projection_into_three_slices(tiny_model: Any) -> None:
    sites = {site.name: site for site in find_sites(tiny_model("gpt2"), "lora[q,k,v]")}
    parts = [sites[f"layers.1.{role}"].target.part for role in "qkv"]
    assert parts == [Part(0, 32), Part(32, 64), Part(64, 96)]
    assert {site.target.module for site in sites.values()} == {
        f"transformer.h.{layer}.attn.c_attn" for layer in range(3)
    }


def test_deberta_reads_the_call_that_sees_the_tokens(tiny_model: Any) -> None:
    first = {
        site.role: site.source.first_call for site in find_sites(tiny_model("deberta-v2"), "lora[q,k,v]")
    }
    assert first == {"q": True, "k": True, "v": False}


def test_sites_come_block_by_block_and_in_the_order_of_the_space(tiny_model: Any) -> None:
    names = [site.name for site in find_sites(tiny_model("bert"), "lora+shortcut")]
    roles = ["q", "v", "res1", "res2", "in", "cut"]
    assert names == [f"layers.{i}.{role}" for i in range(3) for role in roles if (i, role) != (0, "cut")]


def test_a_site_named_twice_is_there_once(tiny_model: Any) -> None:
    model = tiny_model("bert")
    assert find_sites(model, "lora+lora[v,q]+cross+cross[in]") == find_sites(model, "lora+cross")


@pytest.mark.parametrize(
    ("span", "names"),
    [
        ("1", ["0.in", "1.in", "1.cut", "2.in", "2.cut"]),
        ("2", ["1.in2", "2.in2", "2.cut2"]),
        ("3", ["2.in3"]),
        ("1..3", ["0.in", "1.in", "1.in2", "1.cut", "2.in", "2.in2", "2.in3", "2.cut", "2.cut2"]),
    ],
)
def test_a_span_reaches_back_as_many_blocks_as_there_are(
    span: str, names: list[str], tiny_model: Any
) -> None:
    sites = find_sites(tiny_model("bert"), f"cross[in,cut;span={span}]")
    assert [site.name for site in sites] == [f"layers.{name}" for name in names]


def test_a_cross_wire_starts_where_its_span_says(tiny_model: Any) -> None:
    sites = {site.name: site for site in find_sites(tiny_model("llama"), "cross[in,cut;span=1..2]")}
    assert sites["layers.2.in"].source.module == "model.layers.2"  # h[2]
    assert sites["layers.2.in2"].source.module == "model.layers.1"  # h[1]
    assert sites["layers.2.in2"].target.module == "model.layers.2"  # h[3]
    assert sites["layers.2.cut2"].source.module == "model.layers.0.post_attention_layernorm"  # a[0]
    assert sites["layers.2.cut2"].target.module == "model.layers.2.self_attn"  # a[2]


def test_a_model_without_a_head_has_the_same_sites_at_shorter_names() -> None:
    config = AutoConfig.for_model("bert", hidden_size=16, num_attention_heads=2, num_hidden_layers=2)
    with torch.device("meta"):
        sites = find_sites(AutoModel.from_config(config), "lora")
    assert sites[0].source.module == "encoder.layer.0.attention.self.query"


SIZES = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2}


@pytest.mark.parametrize(
    ("model_type", "sizes", "shapes"),
    [
        (
            "biogpt",
            {**SIZES, "intermediate_size": 24},
            {"q": (16, 16), "k": (16, 16), "v": (16, 16), "o": (16, 16), "fc1": (16, 24), "fc2": (24, 16)},
        ),
        (
            "persimmon",
            {**SIZES, "intermediate_size": 24},
            {"query_key_value": (16, 48), "o": (16, 16), "fc1": (16, 24), "fc2": (24, 16)},
        ),
    ],
)
def test_an_unknown_family_has_lora_sites_by_the_names_of_its_linears(
    model_type: str, sizes: dict[str, int], shapes: dict[str, tuple[int, int]]
) -> None:
    model = on_meta(model_type, **sizes)
    found: tuple[Site, ...] = find_sites(model, "lora[all]")
    assert {site.name: (site.d_in, site.d_out) for site in found} == {
        f"layers.{layer}.{role}": shape for layer in range(2) for role, shape in shapes.items()
    }
    for site in found:
        assert isinstance(model.get_submodule(site.source.module), torch.nn.Linear)
        assert f".{site.layer}." in site.source.module


def test_blocks_of_an_encoder_and_a_decoder_keep_distinct_names() -> None:
    model = on_meta("t5", d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, vocab_size=50)
    names = [site.name for site in find_sites(model, "lora[q]")]
    assert names[:3] == ["layers.0.q", "layers.0.q.2", "layers.0.q.3"]
    assert len(set(names)) == len(names) == 6


def test_a_role_that_the_model_lacks_names_those_it_has(tiny_model: Any) -> None:
    with pytest.raises(
        UsageError, match=r"\['fc1'\] are not lora roles of this model, which has \['q', .*'gate'"
    ):
        find_sites(tiny_model("llama"), "lora[q,fc1]")
    with pytest.raises(UsageError, match=r"\['q', 'v'\] are not lora roles .*'query_key_value'"):
        find_sites(on_meta("persimmon", **SIZES), "lora")


@pytest.mark.parametrize("kind", ["residual", "cross"])
def test_shortcuts_need_a_family_of_the_table(kind: str) -> None:
    with pytest.raises(
        UsageError, match=rf"'biogpt' has no known residual stream, so it has no {kind} sites"
    ):
        find_sites(on_meta("biogpt", **SIZES), f"lora+{kind}")


def test_blocks_of_one_sum_have_no_state_after_attention_and_say_so(tiny_model: Any) -> None:
    model = tiny_model("gpt_neox")
    names = [site.name for site in find_sites(model, "cross[all;span=1..2]")]
    assert names == ["layers.0.in", "layers.1.in", "layers.1.in2", "layers.2.in", "layers.2.in2"]
    with pytest.raises(
        UsageError, match=r"\['cut'\] are not cross roles .* \['in'\]: its blocks add .* one sum"
    ):
        find_sites(model, "lora+cross")
    with pytest.raises(UsageError, match=r"no site in this gpt_neox model: its blocks add .* one sum"):
        find_sites(model, "residual[all]")


def test_experts_are_no_linears_and_the_message_says_so(tiny_model: Any) -> None:
    with pytest.raises(
        UsageError, match=r"\['up'\] are not lora roles .*'o'\]: the weights of its experts are"
    ):
        find_sites(tiny_model("mixtral"), "lora[q,up]")
    names = [site.name for site in find_sites(tiny_model("qwen3_moe"), "lora[up]")]
    assert names == ["layers.1.up"]


def test_granite_says_what_its_attention_is_multiplied_by(tiny_language_model: Any) -> None:
    gains = {site.role: site.gain for site in find_sites(tiny_language_model("granite"), EVERYTHING)}
    assert (gains.pop("res1"), gains.pop("cut")) == (0.5, 0.5)
    assert set(gains.values()) == {1.0}


def test_a_span_longer_than_the_model_says_to_shorten_it(tiny_model: Any) -> None:
    with pytest.raises(UsageError, match="has no site in this model, which is too shallow for it"):
        find_sites(tiny_model("bert"), "lora+cross[in,cut;span=4]")


def test_linears_can_be_named_as_before_their_family_was_a_row_of_the_table(tiny_model: Any) -> None:
    by_name = {site.name: site for site in sites_by_leaf_name(tiny_model("bloom"))}
    assert (by_name["layers.1.query_key_value"].d_in, by_name["layers.1.query_key_value"].d_out) == (32, 96)
    assert by_name["layers.1.dense"].target.module == "transformer.h.1.self_attention.dense"


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_of_a_family_is_outside_but_a_vision_tower(
    family: str, tiny_family: Any, caplog: pytest.LogCaptureFixture
) -> None:
    find_sites(tiny_family(TINY_OF.get(family, family)), EVERYTHING)
    said = (
        "12 linears of blocks outside of model.language_model.layers can have no wires, such as model.vision_"
    )
    assert [line[: len(said)] for line in caplog.messages] == ([said] if family == "gemma3" else [])
