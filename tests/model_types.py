"""A tiny model of every type that the installed transformers can classify sequences with, or go on with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
)

__all__ = [
    "KNOWN",
    "LABELS",
    "LANGUAGE_MODEL_TYPES",
    "MODEL_TYPES",
    "VOCABULARY",
    "tiny_language_model_of",
    "tiny_model_of",
]

VOCABULARY: Final = 100
LABELS: Final = 3
MODEL_TYPES: Final = tuple(sorted(MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES))
LANGUAGE_MODEL_TYPES: Final = tuple(sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES))
KNOWN: Final = frozenset({  # of transformers 5.23, each tried; a newer one may bring others
    "albert", "arcee", "axk1", "axk2", "bart", "bert", "big_bird", "bigbird_pegasus", "biogpt", "bloom",
    "camembert", "canine", "cohere_compass_text", "convbert", "ctrl", "data2vec-text", "deberta",
    "deberta-v2", "deepseek_v2", "deepseek_v3", "diffllama", "distilbert", "doge", "electra", "ernie",
    "esm", "esmc", "eurobert", "exaone4", "falcon", "flaubert", "fnet", "funnel", "gemma", "gemma2",
    "gemma3", "gemma3_text", "glm", "glm4", "gpt-sw3", "gpt2", "gpt_bigcode", "gpt_neo", "gpt_neox",
    "gpt_oss", "gptj", "gte", "helium", "hunyuan_v1_dense", "hunyuan_v1_moe", "ibert", "jamba", "jetmoe",
    "jina_embeddings_v3", "layoutlm", "layoutlmv2", "layoutlmv3", "lilt", "llama", "longformer", "luke",
    "markuplm", "mbart", "megatron-bert", "minicpm3", "minimax", "ministral", "ministral3", "mistral",
    "mistral4", "mixtral", "mobilebert", "modernbert", "modernbert-decoder", "modernvbert", "mpnet", "mpt",
    "mra", "mt5", "mvp", "nemotron", "nomic_bert", "nystromformer", "olmo", "olmo2", "olmo3", "openai-gpt",
    "opt", "perceiver", "persimmon", "phi", "phi3", "phimoe", "plbart", "qwen2", "qwen2_moe", "qwen3",
    "qwen3_5", "qwen3_5_text", "qwen3_moe", "qwen3_next", "reformer", "rembert", "roberta",
    "roberta-prelayernorm", "roc_bert", "roformer", "seed_oss", "smollm3", "squeezebert", "stablelm",
    "starcoder2", "t5", "t5gemma", "t5gemma2", "tapas", "ultrabert", "ultravbert", "umt5", "xlm",
    "xlm-roberta", "xlm-roberta-xl", "xlnet", "xmod", "yoso", "zamba", "zamba2",
})  # fmt: skip

_SMALL: Final[Mapping[str, Any]] = {  # what configurations call their sizes; each takes those that it knows
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "dim", "emb_dim", "embedding_size"), 32),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers"), 2),
    **dict.fromkeys(("encoder_layers", "decoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads"), 4),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "d_ff", "n_inner", "d_inner", "hidden_dim", "dff"), 48),
    **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim", "ffn_hidden_size"), 48),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "max_seq_len"), 64),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size"), 16),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank"), 16),
    **dict.fromkeys(("qk_rope_head_dim", "qk_nope_head_dim"), 4),
    **dict.fromkeys(("n_group", "topk_group", "first_k_dense_replace"), 1),
    **dict.fromkeys(("linear_num_key_heads", "linear_num_value_heads"), 2),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim"), 8),
    "vocab_size": VOCABULARY,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "v_head_dim": 8,
    "num_experts_per_tok": 2,
    **dict.fromkeys(("initializer_range", "init_std"), 0.1),  # so that wires matter, and rounding does not
}
_SPECIAL: Final[Mapping[str, Any]] = {
    "pad_token_id": 1,
    "bos_token_id": 2,
    "eos_token_id": 3,
    "num_labels": LABELS,
}
_ROPE: Final = {"rope_type": "default", "rope_theta": 10000.0}
_HYBRID: Final = {"num_hidden_layers": 4, "layers_block_type": ["linear_attention", "hybrid"] * 2}
_LATENT: Final = {"num_key_value_heads": 4, "head_dim": 4}  # attention through a latent vector
_OTHERWISE: Final[Mapping[str, Mapping[str, Any]]] = {  # where sizes must fit one another, or stand elsewhere
    "axk1": _LATENT,
    "axk2": {"num_key_value_heads": 4},
    "canine": {"num_hash_buckets": 100},
    "cohere_compass_text": {"layer_types": ["full_attention"] * 2,
                            "rope_parameters": {"full_attention": _ROPE}},
    "deberta": {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 0},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 0},
    "deepseek_v2": _LATENT,
    "deepseek_v3": _LATENT,
    "esmc": {"num_key_value_heads": 4},
    "funnel": {"block_sizes": [1, 1], "num_decoder_layers": 1, "d_head": 8},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "gptj": {"rotary_dim": 4},
    "layoutlmv3": {"coordinate_size": 6, "shape_size": 4},
    "lilt": {"channel_shrink_ratio": 4, "hidden_size": 48},
    "luke": {"entity_vocab_size": 10, "entity_emb_size": 16},
    "markuplm": {"max_depth": 4, "max_xpath_tag_unit_embeddings": 20, "max_xpath_subs_unit_embeddings": 20,
                 "tag_pad_id": 19, "subs_pad_id": 19},
    "minicpm3": _LATENT,
    "mistral4": _LATENT,
    "mobilebert": {"initializer_range": 0.02, "intra_bottleneck_size": 16, "true_hidden_size": 16},
    "perceiver": {"num_latents": 4, "d_latents": 32, "num_blocks": 1, "num_self_attends_per_block": 2,
                  "num_self_attention_heads": 4, "num_cross_attention_heads": 4},
    "reformer": {"axial_pos_embds_dim": [16, 16], "axial_pos_shape": [8, 8], "attention_head_size": 8,
                 "feed_forward_size": 48, "attn_layers": ["local", "lsh"], "local_attn_chunk_length": 8,
                 "lsh_attn_chunk_length": 8, "num_buckets": 2, "is_decoder": False},
    "roc_bert": {"pronunciation_vocab_size": 20, "shape_vocab_size": 20, "pronunciation_embed_dim": 8,
                 "shape_embed_dim": 8},
    "t5": {"decoder_start_token_id": 1},
    "xmod": {"default_language": "en_XX"},
    "zamba": {**_HYBRID, "mamba_dt_rank": 4, "attention_hidden_size": 64, "attention_head_dim": 16},
    "zamba2": {**_HYBRID, "hybrid_layer_ids": [1, 3], "mamba_headdim": 8, "n_mamba_heads": 8,
               "attention_hidden_size": 64, "attention_head_dim": 16, "adapter_rank": 4, "chunk_size": 8},
}  # fmt: skip


def tiny_model_of(model_type: str) -> PreTrainedModel:
    """A float32 sequence classifier of that type, random from a fixed seed; LABELS labels, VOCABULARY tokens.

    Raises what transformers raises where it cannot be built; MemoryError where it would not be tiny.
    """
    return _built(AutoModelForSequenceClassification, _tiny_config(model_type))


def tiny_language_model_of(model_type: str) -> PreTrainedModel:
    """The same of language models, frozen; encoders are asked to be decoders."""
    config = _tiny_config(model_type)
    config.is_decoder = True
    model = _built(AutoModelForCausalLM, config).requires_grad_(False)
    for part in (model.config, model.config.get_text_config()):
        part.use_cache = False  # as the loader sets it
    return model


def _tiny_config(model_type: str) -> PretrainedConfig:
    kind = CONFIG_MAPPING[model_type]
    return kind(**{**_SPECIAL, **_small(kind), **_OTHERWISE.get(model_type, {})})


def _built(auto: Any, config: PretrainedConfig) -> PreTrainedModel:
    with torch.device("meta"):
        shapes = auto.from_config(config)
    if (params := sum(parameter.numel() for parameter in shapes.parameters())) > 3_000_000:
        kind = config.model_type
        raise MemoryError(f"{kind} has {params:,} parameters; name its sizes in tests/model_types.py.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = auto.from_config(config, dtype=torch.float32)
    assert isinstance(model, PreTrainedModel)
    return model.eval()


def _small(kind: type[PretrainedConfig]) -> dict[str, Any]:
    """Small sizes under the names that a configuration has, and no dropout; of those inside it as well."""
    usual = kind()
    known = {*usual.to_dict(), *usual.attribute_map}
    small = {name: value for name, value in _SMALL.items() if name in known}
    for alias, name in usual.attribute_map.items():
        if alias in small and name in small:
            del small[alias]
    small |= {
        name: 0.0
        for name in known
        if ("drop" in name or name.endswith("pdrop")) and isinstance(getattr(usual, name, None), float)
    }
    if "pad_token_id" in known:
        small["pad_token_id"] = _SPECIAL["pad_token_id"]
    for name in kind.sub_configs:
        if (inside := getattr(usual, name, None)) is not None:
            small[name] = _small(type(inside))
    return small
