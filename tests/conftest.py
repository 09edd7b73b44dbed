"""Tiny models of every family, and a batch for them; on the CPU, without a network."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any, Final, Protocol

import pytest
import torch
import transformers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedModel,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

from tests.made_spaces import make_space, minilm_space, opt_space  # noqa: F401  (fixtures)

# Two cores run two pytest-xdist workers; models this small run no faster on two threads than on one.
torch.set_num_threads(1)
transformers.utils.logging.set_verbosity_error()

VOCABULARY: Final = 100
PAD: Final = 1  # what RoBERTa and OPT reserve; the others take any

_SIZES: Final[Mapping[str, Any]] = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
}
_BERT: Final[Mapping[str, Any]] = {
    **_SIZES,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "classifier_dropout": 0.0,
    "initializer_range": 0.2,
}
_OPT: Final[Mapping[str, Any]] = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "ffn_dim": 48,
    "max_position_embeddings": 64,
    "word_embed_proj_dim": 32,
    "dropout": 0.0,
    "attention_dropout": 0.0,
    "init_std": 0.2,
}
_LLAMA: Final[Mapping[str, Any]] = {
    **_SIZES,
    "num_key_value_heads": 1,  # so that k and v are narrower than q
    "head_dim": 16,
    "attention_dropout": 0.0,
    "initializer_range": 0.2,
}
_DEBERTA: Final[Mapping[str, Any]] = {
    **_BERT,
    "relative_attention": True,  # the rest as in DeBERTa-v3: q and k also project the positions
    "share_att_key": True,
    "pos_att_type": ["p2c", "c2p"],
    "norm_rel_ebd": "layer_norm",
    "position_buckets": 8,
    "position_biased_input": False,
    "pooler_dropout": 0.0,
    "pooler_hidden_size": 32,
    "type_vocab_size": 0,
}
_GPT2: Final[Mapping[str, Any]] = {
    "n_embd": 32,
    "n_layer": 3,
    "n_head": 2,
    "n_inner": 48,
    "n_positions": 64,
    "resid_pdrop": 0.0,
    "embd_pdrop": 0.0,
    "attn_pdrop": 0.0,
    "initializer_range": 0.2,
}
_GPTJ: Final[Mapping[str, Any]] = {**_GPT2, "rotary_dim": 4}
_GEMMA: Final[Mapping[str, Any]] = {**_LLAMA, "query_pre_attn_scalar": 16, "sliding_window": 8}
_GEMMA_VISION: Final[Mapping[str, Any]] = {
    "text_config": {**_GEMMA, "vocab_size": VOCABULARY, "pad_token_id": PAD},
    "vision_config": {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "image_size": 8,
        "patch_size": 4,
    },
    "mm_tokens_per_image": 4,
    "initializer_range": 0.2,
}
_PHI: Final[Mapping[str, Any]] = {
    **{name: size for name, size in _LLAMA.items() if name != "head_dim"},
    "embd_pdrop": 0.0,
    "resid_pdrop": 0.0,
}
_DISTILBERT: Final[Mapping[str, Any]] = {
    "dim": 32,
    "n_layers": 3,
    "n_heads": 2,
    "hidden_dim": 48,
    "max_position_embeddings": 64,
    "dropout": 0.0,
    "attention_dropout": 0.0,
    "seq_classif_dropout": 0.0,
    "initializer_range": 0.2,
}
_ALBERT: Final[Mapping[str, Any]] = {
    **_BERT,
    "embedding_size": 16,
    "num_hidden_layers": 4,
    "num_hidden_groups": 2,  # two blocks, each called twice
    "classifier_dropout_prob": 0.0,
}
_MODERNBERT: Final[Mapping[str, Any]] = {
    **_SIZES,
    "attention_dropout": 0.0,
    "mlp_dropout": 0.0,
    "embedding_dropout": 0.0,
    "classifier_dropout": 0.0,
    "initializer_range": 0.2,
    "local_attention": 8,
    "global_attn_every_n_layers": 2,
}
_NEOX: Final[Mapping[str, Any]] = {
    **_SIZES,
    "hidden_dropout": 0.0,
    "attention_dropout": 0.0,
    "classifier_dropout": 0.0,
    "initializer_range": 0.2,
}
_BLOOM: Final[Mapping[str, Any]] = {
    "hidden_size": 32,
    "n_layer": 3,
    "n_head": 2,
    "hidden_dropout": 0.0,
    "attention_dropout": 0.0,
    "initializer_range": 0.2,
}
_FALCON: Final[Mapping[str, Any]] = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "ffn_hidden_size": 48,
    "max_position_embeddings": 64,
    "hidden_dropout": 0.0,
    "attention_dropout": 0.0,
    "initializer_range": 0.2,
}
_EXPERTS: Final[Mapping[str, Any]] = {"num_local_experts": 3, "num_experts": 3, "num_experts_per_tok": 2}

TINY: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {  # family -> (model_type, config)
    "bert": ("bert", _BERT),
    "roberta": ("roberta", _BERT),
    "xlm-roberta": ("xlm-roberta", _BERT),
    "camembert": ("camembert", _BERT),
    "electra": ("electra", {**_BERT, "embedding_size": 16}),
    "deberta-v2": ("deberta-v2", _DEBERTA),
    "opt": ("opt", {**_OPT, "do_layer_norm_before": True}),
    "opt-post": ("opt", {**_OPT, "do_layer_norm_before": False}),
    "gpt2": ("gpt2", _GPT2),
    "llama": ("llama", _LLAMA),
    "mistral": ("mistral", {**_LLAMA, "sliding_window": None}),
    "qwen2": ("qwen2", {k: v for k, v in _LLAMA.items() if k != "head_dim"}),
    "qwen3": ("qwen3", _LLAMA),
    "gemma": ("gemma", _LLAMA),
    "gemma2": ("gemma2", _GEMMA),
    "gemma3": ("gemma3", _GEMMA_VISION),
    "gemma3_text": ("gemma3_text", _GEMMA),
    "albert": ("albert", _ALBERT),
    "distilbert": ("distilbert", _DISTILBERT),
    "mpnet": ("mpnet", _BERT),
    "modernbert": ("modernbert", _MODERNBERT),
    "gptj": ("gptj", _GPTJ),
    "gpt_neox": ("gpt_neox", _NEOX),
    "gpt_neox/sequential": ("gpt_neox", {**_NEOX, "use_parallel_residual": False}),
    "bloom": ("bloom", _BLOOM),
    "falcon": ("falcon", {**_FALCON, "new_decoder_architecture": True, "num_kv_heads": 2}),
    "falcon/multi-query": ("falcon", {**_FALCON, "multi_query": True, "parallel_attn": True}),
    "falcon/sequential": (
        "falcon",
        {**_FALCON, "multi_query": False, "parallel_attn": False, "alibi": True},
    ),
    "smollm3": ("smollm3", {**_LLAMA, "no_rope_layer_interval": 2}),
    "granite": ("granite", {**_LLAMA, "residual_multiplier": 0.5}),
    "olmo2": ("olmo2", _LLAMA),
    "olmo3": ("olmo3", {**_LLAMA, "sliding_window": 8}),
    "starcoder2": ("starcoder2", {**_LLAMA, "residual_dropout": 0.0, "embedding_dropout": 0.0}),
    "mixtral": ("mixtral", {**_LLAMA, **_EXPERTS}),
    "qwen3_moe": (
        "qwen3_moe",
        {**_LLAMA, **_EXPERTS, "moe_intermediate_size": 16, "mlp_only_layers": [1]},
    ),
    "phi": ("phi", _PHI),
    "phi3": ("phi3", _PHI),
    "cohere": ("cohere", _LLAMA),
    "cohere2": ("cohere2", {**_LLAMA, "sliding_window": 8}),
}
_ALIKE: Final = {"xlm-roberta", "camembert", "electra", "mistral", "qwen2", "qwen3", "gemma", "gemma3_text"}
KINDS: Final = tuple(  # families of which no two have the same blocks
    family for family in TINY if family not in _ALIKE | {"olmo3", "cohere2", "falcon/multi-query"}
)

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in the background of a shell, for its children too
    signal.signal(signal.SIGINT, signal.default_int_handler)


class TinyModel(Protocol):
    def __call__(self, family: str, **overrides: Any) -> PreTrainedModel: ...


def _tiny(auto: Any, family: str, overrides: Mapping[str, Any]) -> PreTrainedModel:
    model_type, sizes = TINY[family]
    special = {"pad_token_id": PAD, "bos_token_id": 2, "eos_token_id": 3, "num_labels": 2}
    settings = {"vocab_size": VOCABULARY, **special, **sizes, **overrides}
    config = AutoConfig.for_model(model_type, **settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = auto.from_config(config, dtype=torch.float32)
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.data.add_(torch.randn_like(parameter), alpha=0.1)
    assert isinstance(model, PreTrainedModel)
    return model.eval().requires_grad_(False)


@pytest.fixture
def tiny_model() -> TinyModel:
    """A factory: a fresh frozen float32 sequence classifier in eval mode, the same at every call.

    Three layers, hidden 32, FFN 48, two heads, 100 tokens, two labels, no dropout. Weights are ten
    times as large as usual and norms and biases are no ones and zeros, so that a wrong tap shows.
    """

    def build(family: str, **overrides: Any) -> PreTrainedModel:
        return _tiny(AutoModelForSequenceClassification, family, overrides)

    return build


@pytest.fixture
def tiny_language_model() -> TinyModel:
    """The same of language models: as they come, their lm_head is tied where the family ties it."""

    def build(family: str, **overrides: Any) -> PreTrainedModel:
        model = _tiny(AutoModelForCausalLM, family, overrides)
        model.config.use_cache = False  # as the loader sets it
        return model

    return build


@pytest.fixture
def tiny_family(tiny_model: TinyModel, tiny_language_model: TinyModel) -> TinyModel:
    """The same of any family: its classifier, or its language model where transformers has no classifier."""

    def build(family: str, **overrides: Any) -> PreTrainedModel:
        classifies = TINY[family][0] in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES
        return (tiny_model if classifies else tiny_language_model)(family, **overrides)

    return build


@pytest.fixture
def tiny_batch() -> dict[str, torch.Tensor]:
    """input_ids and attention_mask, (6, 9) int64, padded on the right to lengths 9, 9, 7, 5, 4 and 2."""
    lengths = torch.tensor([9, 9, 7, 5, 4, 2])
    mask = (torch.arange(9) < lengths[:, None]).long()
    tokens = torch.randint(4, VOCABULARY, (6, 9), generator=torch.Generator().manual_seed(0))
    return {"input_ids": torch.where(mask.bool(), tokens, PAD), "attention_mask": mask}
