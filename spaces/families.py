"""The model families, as data: where each keeps its blocks, its linears and its residual stream.

To add a family, add a row to ``FAMILIES``. Paths are relative to a block; "" is the block itself.
h[i] is what enters block i, a[i] the state after its attention (DESIGN, section 1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from transformers import PretrainedConfig

from .fused import Fusing, by_group, by_head, halves, one_by_one, thirds
from .site import Tap

__all__ = ["FAMILIES", "Family", "Linear", "find_family"]


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear inside a block, or one of several projections that are fused into it.

    fused, index: how they lie in its output, and which of them this is.
    first_call: see ``Tap``.
    """

    module: str
    fused: Fusing | None = None
    index: int = 0
    first_call: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """One way of building a block.

    blocks: the block list, relative to ``model.base_model``; * is any number, for lists within a list.
    ffn_sum: where adding means adding to a[i] + FFN(.), before a post-layer norm, and so to h[i+1].
    attention_sum: where adding means adding to h[i] + Attn(.), before a post-layer norm.
    attention_state: a[i]. Both are None where a block adds attention and FFN to h[i] in one sum.
    norms: (LN1, LN2) of a post-layer-norm block, None before a pre-norm one.
    shortcuts: the roles of shortcuts that make sense in such a block.
    gain: the configuration's name of what Attn(.) is multiplied by behind ``attention_sum``.
    lacks: why a role that one may look for is not there, as the end of a message.
    """

    blocks: str
    linears: Mapping[str, Linear]
    ffn_sum: Tap
    attention_sum: Tap | None = None
    attention_state: Tap | None = None
    norms: tuple[str, str] | None = None
    shortcuts: tuple[str, ...] = ("res1", "res2", "in", "cut")
    gain: str | None = None
    lacks: str = ""

    def fused_role(self, role: str) -> str:
        """The role of the whole linear of which a role is one part: ``qkv``, ``gate_up``."""
        module = self.linears[role].module
        roles = [other for other, linear in self.linears.items() if linear.module == module]
        return ("" if all(len(one) == 1 for one in roles) else "_").join(roles)


def _linears(**modules: str) -> Mapping[str, Linear]:
    return MappingProxyType({role: Linear(module) for role, module in modules.items()})


def _with_fused(roles: str, module: str, fused: Fusing, **modules: str) -> Mapping[str, Linear]:
    """roles: of the projections in ``module``, in their order, by commas."""
    parts = {role: Linear(module, fused, index) for index, role in enumerate(roles.split(","))}
    return MappingProxyType({**parts, **_linears(**modules)})


def _post_norm(blocks: str, linears: Mapping[str, Linear], norm1: str, norm2: str) -> Family:
    taps = Tap(norm2, "in"), Tap(norm1, "in"), Tap(norm1, "out")
    return Family(blocks, linears, *taps, norms=(norm1, norm2))


def _pre_norm(blocks: str, linears: Mapping[str, Linear], attention: str, ffn: str) -> Family:
    """attention: whose output is added to h[i]; ffn: what reads a[i] first, its norm if it has one."""
    return Family(blocks, linears, Tap("", "out"), Tap(attention, "out"), Tap(ffn, "in"))


def _parallel(blocks: str, linears: Mapping[str, Linear]) -> Family:
    """h[i+1] = h[i] + Attn(.) + FFN(.), so that there is no a[i] for res1, res2 and cut to read or add to.

    A wire from h[i] to the one sum, which would be res1 here, is what ``in`` is already.
    """
    why = "its blocks add attention and FFN to one sum, to which the shortcut `cross[in]` adds"
    return Family(blocks, linears, Tap("", "out"), shortcuts=("in",), lacks=why)


_EXPERTS = (
    "the weights of its experts are no linears, but three-dimensional parameters that a router picks from"
)

_BERT_LINEARS = _linears(
    q="attention.self.query",
    k="attention.self.key",
    v="attention.self.value",
    o="attention.output.dense",
    fc1="intermediate.dense",
    fc2="output.dense",
)
_BERT = _post_norm("encoder.layer", _BERT_LINEARS, "attention.output.LayerNorm", "output.LayerNorm")
_DEBERTA_LINEARS = MappingProxyType(
    {
        **_BERT_LINEARS,
        "q": Linear("attention.self.query_proj", first_call=True),
        "k": Linear("attention.self.key_proj", first_call=True),
        "v": Linear("attention.self.value_proj"),
    }
)
_DISTILBERT_LINEARS = _linears(
    q="attention.q_lin",
    k="attention.k_lin",
    v="attention.v_lin",
    o="attention.out_lin",
    fc1="ffn.lin1",
    fc2="ffn.lin2",
)
_MPNET_LINEARS = _linears(
    q="attention.attn.q",
    k="attention.attn.k",
    v="attention.attn.v",
    o="attention.attn.o",
    fc1="intermediate.dense",
    fc2="output.dense",
)
_ALBERT_LINEARS = _linears(
    q="attention.query",
    k="attention.key",
    v="attention.value",
    o="attention.dense",
    fc1="ffn",
    fc2="ffn_output",
)
# A block of ALBERT is called for many layers in turn, all with its weights and so with its wires too.
_ALBERT = replace(
    _post_norm(
        "encoder.albert_layer_groups.*.albert_layers",
        _ALBERT_LINEARS,
        "attention.LayerNorm",
        "full_layer_layer_norm",
    ),
    shortcuts=("res1", "res2"),
    lacks="its layers share a block's weights and wires, so that no block comes before another",
)
_MODERNBERT_LINEARS = MappingProxyType(
    {
        **_with_fused("q,k,v", "attn.Wqkv", thirds, o="attn.Wo"),
        **_with_fused("gate,up", "mlp.Wi", halves, down="mlp.Wo"),
    }
)
_OPT_LINEARS = _linears(
    q="self_attn.q_proj",
    k="self_attn.k_proj",
    v="self_attn.v_proj",
    o="self_attn.out_proj",
    fc1="fc1",
    fc2="fc2",
)
_GPT2_LINEARS = _with_fused("q,k,v", "attn.c_attn", thirds, o="attn.c_proj", fc1="mlp.c_fc", fc2="mlp.c_proj")
_GPTJ_LINEARS = _linears(
    q="attn.q_proj",
    k="attn.k_proj",
    v="attn.v_proj",
    o="attn.out_proj",
    fc1="mlp.fc_in",
    fc2="mlp.fc_out",
)
_NEOX_LINEARS = _with_fused(
    "q,k,v",
    "attention.query_key_value",
    by_head,
    o="attention.dense",
    fc1="mlp.dense_h_to_4h",
    fc2="mlp.dense_4h_to_h",
)
_BLOOM_LINEARS = _with_fused(
    "q,k,v",
    "self_attention.query_key_value",
    by_head,
    o="self_attention.dense",
    fc1="mlp.dense_h_to_4h",
    fc2="mlp.dense_4h_to_h",
)
_FALCON_LINEARS = _with_fused(
    "q,k,v",
    "self_attention.query_key_value",
    by_group,
    o="self_attention.dense",
    fc1="mlp.dense_h_to_4h",
    fc2="mlp.dense_4h_to_h",
)
_LLAMA_ATTENTION = _linears(
    q="self_attn.q_proj", k="self_attn.k_proj", v="self_attn.v_proj", o="self_attn.o_proj"
)
_LLAMA_LINEARS = MappingProxyType(
    {**_LLAMA_ATTENTION, **_linears(gate="mlp.gate_proj", up="mlp.up_proj", down="mlp.down_proj")}
)
_STARCODER2_LINEARS = MappingProxyType({**_LLAMA_ATTENTION, **_linears(fc1="mlp.c_fc", fc2="mlp.c_proj")})
_PHI_LINEARS = MappingProxyType(
    {**_LLAMA_ATTENTION, **_linears(o="self_attn.dense", fc1="mlp.fc1", fc2="mlp.fc2")}
)
_PHI3_LINEARS = MappingProxyType(
    {
        **_with_fused("q,k,v", "self_attn.qkv_proj", one_by_one, o="self_attn.o_proj"),
        **_with_fused("gate,up", "mlp.gate_up_proj", halves, down="mlp.down_proj"),
    }
)
_LLAMA = _pre_norm("layers", _LLAMA_LINEARS, "self_attn", "post_attention_layernorm")
_GEMMA2 = _pre_norm("layers", _LLAMA_LINEARS, "post_attention_layernorm", "pre_feedforward_layernorm")
_OLMO2 = _pre_norm("layers", _LLAMA_LINEARS, "post_attention_layernorm", "mlp")

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "albert": _ALBERT,
        "bert": _BERT,
        "roberta": _BERT,
        "xlm-roberta": _BERT,
        "camembert": _BERT,
        "electra": _BERT,
        "deberta-v2": _post_norm(
            "encoder.layer", _DEBERTA_LINEARS, "attention.output.LayerNorm", "output.LayerNorm"
        ),
        "distilbert": _post_norm(
            "transformer.layer", _DISTILBERT_LINEARS, "sa_layer_norm", "output_layer_norm"
        ),
        "mpnet": _post_norm("encoder.layer", _MPNET_LINEARS, "attention.LayerNorm", "output.LayerNorm"),
        "modernbert": _pre_norm("layers", _MODERNBERT_LINEARS, "attn", "mlp_norm"),
        "opt": _pre_norm("decoder.layers", _OPT_LINEARS, "self_attn", "final_layer_norm"),
        "opt/post-norm": _post_norm(
            "decoder.layers", _OPT_LINEARS, "self_attn_layer_norm", "final_layer_norm"
        ),
        "gpt2": _pre_norm("h", _GPT2_LINEARS, "attn", "ln_2"),
        "gptj": _parallel("h", _GPTJ_LINEARS),
        "gpt_neox": _parallel("layers", _NEOX_LINEARS),
        "gpt_neox/sequential": _pre_norm("layers", _NEOX_LINEARS, "attention", "post_attention_layernorm"),
        "bloom": _pre_norm("h", _BLOOM_LINEARS, "self_attention", "post_attention_layernorm"),
        "falcon": _parallel("h", _FALCON_LINEARS),
        "falcon/sequential": _pre_norm("h", _FALCON_LINEARS, "self_attention", "post_attention_layernorm"),
        "llama": _LLAMA,
        "mistral": _LLAMA,
        "qwen2": _LLAMA,
        "qwen3": _LLAMA,
        "smollm3": _LLAMA,
        "granite": replace(_LLAMA, gain="residual_multiplier"),
        "gemma": _LLAMA,
        "gemma2": _GEMMA2,
        "gemma3": replace(_GEMMA2, blocks="language_model.layers"),  # beside a vision tower
        "gemma3_text": _GEMMA2,
        "olmo2": _OLMO2,
        "olmo3": _OLMO2,
        "starcoder2": _pre_norm("layers", _STARCODER2_LINEARS, "self_attn", "post_attention_layernorm"),
        "mixtral": replace(
            _pre_norm("layers", _LLAMA_ATTENTION, "self_attn", "post_attention_layernorm"), lacks=_EXPERTS
        ),
        "qwen3_moe": replace(_LLAMA, lacks=_EXPERTS),  # the FFN's linears in layers without experts alone
        "phi": _parallel("layers", _PHI_LINEARS),
        "phi3": _pre_norm("layers", _PHI3_LINEARS, "self_attn", "post_attention_layernorm"),
        "cohere": _parallel("layers", _LLAMA_LINEARS),
        "cohere2": _parallel("layers", _LLAMA_LINEARS),
    }
)

_VARIANTS: Final[Mapping[str, tuple[str, Callable[[PretrainedConfig], bool]]]] = MappingProxyType(
    {  # model types with two kinds of block, and what tells the one that is named apart
        "opt": ("post-norm", lambda config: not config.do_layer_norm_before),
        "gpt_neox": ("sequential", lambda config: not config.use_parallel_residual),
        "falcon": (
            "sequential",
            lambda config: not (config.parallel_attn or config.new_decoder_architecture),
        ),
    }
)


def find_family(config: PretrainedConfig) -> Family | None:
    """The family of a model's configuration, or None where this table does not know its type."""
    name = str(config.model_type)
    variant, is_variant = _VARIANTS.get(name, ("", lambda _: False))
    return FAMILIES.get(f"{name}/{variant}" if is_variant(config) else name)
