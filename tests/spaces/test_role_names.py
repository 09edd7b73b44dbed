"""Linears of families that the table does not know have the roles that attention and FFN give them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

import pytest
from transformers import PreTrainedModel

from spaces.families import find_family
from spaces.find_sites import find_sites, sites_by_leaf_name
from spaces.role_names import role_by_leaf, role_by_path
from tests.model_types import tiny_language_model_of, tiny_model_of

_ATTENTION: Final = {role: f"self_attn.{role}_proj" for role in "qkvo"}
_GATED: Final = {role: f"mlp.{role}_proj mlp.shared_experts.{role}_proj" for role in ("gate", "up", "down")}
_BERT: Final = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "o": "attention.output.dense",
    "fc1": "intermediate.dense",
    "fc2": "output.dense",
}
_GPT: Final = {"c_attn": "attn.c_attn", "o": "attn.c_proj", "fc1": "mlp.c_fc", "fc2": "mlp.c_proj"}
_LATENT: Final = {
    name: f"self_attn.{name}" for name in ("q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj")
}

ROLES: Final[Mapping[str, Mapping[str, str]]] = {  # what is in a block, by role
    **dict.fromkeys(("ernie", "rembert", "megatron-bert", "roberta-prelayernorm"), _BERT),
    "openai-gpt": _GPT,
    "gpt_bigcode": _GPT,
    "gpt_neo": {
        **{role: f"attn.attention.{role}_proj" for role in "qkv"},
        "o": "attn.attention.out_proj",
        "fc1": "mlp.c_fc",
        "fc2": "mlp.c_proj",
    },
    "ctrl": {
        **{role: f"multi_head_attention.W{role}" for role in "qkv"},
        "o": "multi_head_attention.dense",
        "fc1": "ffn.0",
        "fc2": "ffn.2",
    },
    "rwkv": {
        "k": "attention.key",
        "v": "attention.value",
        "receptance": "attention.receptance feed_forward.receptance",
        "o": "attention.output",
        "fc1": "feed_forward.key",
        "fc2": "feed_forward.value",
    },
    "persimmon": {
        "query_key_value": "self_attn.query_key_value",
        "o": "self_attn.dense",
        "fc1": "mlp.dense_h_to_4h",
        "fc2": "mlp.dense_4h_to_h",
    },
    "modernbert-decoder": {
        **{role: f"attn.{role}_proj" for role in "qkv"}, "o": "attn.Wo", "Wi": "mlp.Wi", "fc2": "mlp.Wo",
    },
    "afmoe": {
        **_ATTENTION, **_GATED, "gate_proj": "self_attn.gate_proj", "router_gate": "mlp.router.gate",
    },
    "deepseek_v32": {
        **_LATENT, **_GATED, "o": "self_attn.o_proj",
        **{f"indexer_{name}": f"self_attn.indexer.{name}" for name in ("wk", "wq_b", "weights_proj")},
    },
    "falcon_h1": {
        **_ATTENTION,
        **{role: f"feed_forward.{role}_proj" for role in ("gate", "up", "down")},
        **{name: f"mamba.{name}" for name in ("in_proj", "out_proj")},
    },
    "mamba": {name: f"mixer.{name}" for name in ("in_proj", "x_proj", "dt_proj", "out_proj")},
    "zamba2": {
        **{role: f"shared_transformer.self_attn.{role}_proj" for role in "qkvo"},
        "gate_up_proj": "shared_transformer.feed_forward.gate_up_proj",
        "down": "shared_transformer.feed_forward.down_proj",
        "gate_up_proj_adapter_list": " ".join(
            f"shared_transformer.feed_forward.gate_up_proj_adapter_list.{linear}"
            for linear in ("0.0", "0.1", "1.0", "1.1")
        ),
        "linear": "linear",
        **{name: f"mamba.{name} mamba_decoder.mamba.{name}" for name in ("in_proj", "out_proj")},
    },
    "moshi": {
        **{role: f"self_attn.{role}_proj.linear" for role in "qkvo"}, "fc1": "mlp.fc1", "fc2": "mlp.fc2",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def built() -> Callable[[str], PreTrainedModel]:
    """A tiny model of a type, made once: its language model, T5's classifier."""
    models: dict[str, PreTrainedModel] = {}

    def build(model_type: str) -> PreTrainedModel:
        if model_type not in models:
            make = tiny_model_of if model_type == "t5" else tiny_language_model_of
            models[model_type] = make(model_type)
        return models[model_type]

    return build


@pytest.mark.parametrize("model_type", ROLES)
def test_a_role_is_what_a_linear_does_in_its_block(
    model_type: str, built: Callable[[str], PreTrainedModel]
) -> None:
    model = built(model_type)
    assert find_family(model.config) is None
    found: dict[str, set[str]] = defaultdict(set)
    for site in find_sites(model, "lora[all]"):
        found[site.role].add(site.target.module.partition(f".{site.layer}.")[2])
    assert found == {role: set(modules.split()) for role, modules in ROLES[model_type].items()}


def test_both_stacks_of_an_encoder_decoder_tell_attention_from_ffn(
    built: Callable[[str], PreTrainedModel],
) -> None:
    sites = find_sites(built("t5"), "lora[o,fc2]")
    parts = {
        role: {site.target.module.split(".")[-2] for site in sites if site.role == role}
        for role in ("o", "fc2")
    }
    assert parts == {"o": {"SelfAttention", "EncDecAttention"}, "fc2": {"DenseReluDense"}}


@pytest.mark.parametrize("model_type", [*ROLES, "t5"])
def test_what_earlier_versions_saved_is_found_under_its_names(
    model_type: str, built: Callable[[str], PreTrainedModel]
) -> None:
    model = built(model_type)
    earlier = {site.name: site.target.module for site in sites_by_leaf_name(model)}
    sites = find_sites(model, "lora[all]")
    assert {site.target.module for site in sites} == set(earlier.values())
    assert len({site.name for site in sites}) == len(sites)
    for site in sites:
        assert earlier.get(site.name, site.target.module) == site.target.module


def test_a_role_of_earlier_versions_is_all_that_was_called_so(
    built: Callable[[str], PreTrainedModel],
) -> None:
    model = built("ernie")
    assert find_sites(model, "lora[q,dense]") == find_sites(model, "lora[q,o,fc1,fc2]")
    assert find_sites(built("gpt_neo"), "lora[o]") == tuple(
        site for site in find_sites(built("gpt_neo"), "lora[all]") if site.target.module.endswith("out_proj")
    )  # a role of today's is no more than that


@pytest.mark.parametrize(
    ("name", "leaf", "path"),
    [
        ("encoder.layer.3.crossattention.output.dense", "dense", "o"),
        ("bottleneck.attention.dense", "dense", "attention_dense"),
        ("layers.3.mlp.router", "router", "router"),
        ("layers.3.linear", "linear", "linear"),
        ("layers.3.mixer.o_proj", "o", "o"),
        ("visual_projection.0", "0", "visual_projection"),
        ("odd", "odd", "odd"),
    ],
)
def test_a_name_that_says_nothing_of_its_own_is_read_with_what_holds_it(
    name: str, leaf: str, path: str
) -> None:
    assert (role_by_leaf(name), role_by_path(name)) == (leaf, path)
