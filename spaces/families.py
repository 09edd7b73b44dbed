"""The model families, as data: where each keeps its blocks, its linears and its residual stream.

To add a family, add a row to ``FAMILIES``. Paths are relative to a block; "" is the block itself.
h[i] is what enters block i, a[i] the state after its attention (DESIGN, section 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from transformers import PretrainedConfig

from .site import Tap

__all__ = ["FAMILIES", "Family", "Linear", "find_family"]


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear inside a block. third: which third of the output, where q, k and v are fused into one."""

    module: str
    third: int | None = None
    first_call: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """One way of building a block.

    blocks: the block list, relative to ``model.base_model``.
    attention_sum: where adding means adding to h[i] + Attn(.), before a post-layer norm.
    attention_state: a[i]. ffn_sum: where adding means adding to a[i] + FFN(.), before a post-layer norm.
    norms: (LN1, LN2) of a post-layer-norm block, None before a pre-norm one.
    """

    blocks: str
    linears: Mapping[str, Linear]
    attention_sum: Tap
    attention_state: Tap
    ffn_sum: Tap
    norms: tuple[str, str] | None = None


def _linears(**modules: str) -> Mapping[str, Linear]:
    return MappingProxyType({role: Linear(module) for role, module in modules.items()})


def _post_norm(blocks: str, linears: Mapping[str, Linear], norm1: str, norm2: str) -> Family:
    return Family(blocks, linears, Tap(norm1, "in"), Tap(norm1, "out"), Tap(norm2, "in"), (norm1, norm2))


def _pre_norm(blocks: str, linears: Mapping[str, Linear], attention: str, norm2: str) -> Family:
    return Family(blocks, linears, Tap(attention, "out"), Tap(norm2, "in"), Tap("", "out"))


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
_OPT_LINEARS = _linears(
    q="self_attn.q_proj",
    k="self_attn.k_proj",
    v="self_attn.v_proj",
    o="self_attn.out_proj",
    fc1="fc1",
    fc2="fc2",
)
_GPT2_LINEARS = MappingProxyType(
    {
        "q": Linear("attn.c_attn", third=0),
        "k": Linear("attn.c_attn", third=1),
        "v": Linear("attn.c_attn", third=2),
        "o": Linear("attn.c_proj"),
        "fc1": Linear("mlp.c_fc"),
        "fc2": Linear("mlp.c_proj"),
    }
)
_LLAMA_LINEARS = _linears(
    q="self_attn.q_proj",
    k="self_attn.k_proj",
    v="self_attn.v_proj",
    o="self_attn.o_proj",
    gate="mlp.gate_proj",
    up="mlp.up_proj",
    down="mlp.down_proj",
)
_LLAMA = _pre_norm("layers", _LLAMA_LINEARS, "self_attn", "post_attention_layernorm")
_GEMMA2 = _pre_norm("layers", _LLAMA_LINEARS, "post_attention_layernorm", "pre_feedforward_layernorm")

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "bert": _BERT,
        "roberta": _BERT,
        "xlm-roberta": _BERT,
        "camembert": _BERT,
        "electra": _BERT,
        "deberta-v2": _post_norm(
            "encoder.layer", _DEBERTA_LINEARS, "attention.output.LayerNorm", "output.LayerNorm"
        ),
        "opt": _pre_norm("decoder.layers", _OPT_LINEARS, "self_attn", "final_layer_norm"),
        "opt/post-norm": _post_norm(
            "decoder.layers", _OPT_LINEARS, "self_attn_layer_norm", "final_layer_norm"
        ),
        "gpt2": _pre_norm("h", _GPT2_LINEARS, "attn", "ln_2"),
        "llama": _LLAMA,
        "mistral": _LLAMA,
        "qwen2": _LLAMA,
        "qwen3": _LLAMA,
        "gemma": _LLAMA,
        "gemma2": _GEMMA2,
        "gemma3_text": _GEMMA2,
    }
)


def find_family(config: PretrainedConfig) -> Family | None:
    """The family of a model's configuration, or None where this table does not know its type."""
    name = str(config.model_type)
    if name == "opt" and not config.do_layer_norm_before:
        name = "opt/post-norm"
    return FAMILIES.get(name)
