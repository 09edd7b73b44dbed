from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, OPTConfig, PreTrainedModel

from spaces import Site, UsageError, params_per_rank
from spaces.families import FAMILIES
from spaces.find_sites import find_sites

EVERYTHING = "lora[all]+shortcut"


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
def test_every_tap_and_norm_of_every_family_is_a_module(family: str, tiny_model: Any) -> None:
    model = tiny_model(family.replace("opt/post-norm", "opt-post"))
    sites = find_sites(model, EVERYTHING + "+cross[in,cut;span=2..3]")
    assert {site.layer for site in sites} == {0, 1, 2}
    for site in sites:
        for module in (site.source.module, site.target.module, site.norm):
            if module is not None:
                model.get_submodule(module)


@pytest.mark.parametrize("family", FAMILIES)
def test_lora_sites_have_the_shapes_of_their_linears(family: str, tiny_model: Any) -> None:
    model = tiny_model(family.replace("opt/post-norm", "opt-post"))
    sites = find_sites(model, "lora[all]")
    assert len(sites) == 3 * len(FAMILIES[family].linears)
    for site in sites:
        weight = model.get_submodule(site.source.module).weight
        d_in, d_out = weight.shape if family == "gpt2" else weight.shape[::-1]  # Conv1D keeps (in, out)
        if site.target.part:
            start, stop = site.target.part
            assert (start % site.d_out, stop - start, d_out) == (0, site.d_out, 3 * site.d_out)
            d_out //= 3
        assert (site.d_in, site.d_out) == (d_in, d_out)
        assert (site.source.module, site.source.side, site.target.side) == (site.target.module, "in", "out")


@pytest.mark.parametrize("family", FAMILIES)
def test_shortcuts_are_as_wide_as_the_residual_stream(family: str, tiny_model: Any) -> None:
    sites = find_sites(tiny_model(family.replace("opt/post-norm", "opt-post")), "shortcut")
    assert {(site.d_in, site.d_out) for site in sites} == {(32, 32)}
    assert Counter(site.role for site in sites) == {"res1": 3, "res2": 3, "in": 3, "cut": 2}


@pytest.mark.parametrize("family", FAMILIES)
def test_only_cross_wires_of_post_norm_blocks_name_the_norm_to_apply_again(
    family: str, tiny_model: Any
) -> None:
    sites = find_sites(tiny_model(family.replace("opt/post-norm", "opt-post")), EVERYTHING)
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
    assert parts == [(0, 32), (32, 64), (64, 96)]
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


DISTILBERT = {"n_layers": 2, "dim": 16, "hidden_dim": 24, "n_heads": 2}
SIZES = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2}


@pytest.mark.parametrize(
    ("model_type", "sizes", "shapes"),
    [
        (
            "distilbert",
            DISTILBERT,
            {"q": (16, 16), "k": (16, 16), "v": (16, 16), "o": (16, 16), "fc1": (16, 24), "fc2": (24, 16)},
        ),
        (
            "phi",
            {**SIZES, "intermediate_size": 24},
            {
                "q": (16, 16),
                "k": (16, 16),
                "v": (16, 16),
                "dense": (16, 16),
                "fc1": (16, 24),
                "fc2": (24, 16),
            },
        ),
        (
            "bloom",
            {"hidden_size": 16, "n_head": 2, "n_layer": 2},
            {"query_key_value": (16, 48), "dense": (16, 16), "fc1": (16, 64), "fc2": (64, 16)},
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
        find_sites(on_meta("bloom", hidden_size=16, n_head=2, n_layer=1), "lora")


@pytest.mark.parametrize("kind", ["residual", "cross"])
def test_shortcuts_need_a_family_of_the_table(kind: str) -> None:
    with pytest.raises(
        UsageError, match=rf"'distilbert' has no known residual stream, so it has no {kind} sites"
    ):
        find_sites(on_meta("distilbert", **DISTILBERT), f"lora+{kind}")


def test_a_span_longer_than_the_model_says_to_shorten_it(tiny_model: Any) -> None:
    with pytest.raises(UsageError, match="has no site in this model, which is too shallow for it"):
        find_sites(tiny_model("bert"), "lora+cross[in,cut;span=4]")
