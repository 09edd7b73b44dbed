"""The papers' models on the meta device, from their config.json; the hub is never asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import pytest
from transformers import PreTrainedModel

from spaces.meta_model import meta_model

_ROBERTA: Final = {
    "model_type": "roberta",
    "vocab_size": 50265,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
}
CONFIGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "facebook/opt-350m": {
        "model_type": "opt",
        "hidden_size": 1024,
        "ffn_dim": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "word_embed_proj_dim": 512,
        "do_layer_norm_before": False,
        "vocab_size": 50272,
        "max_position_embeddings": 2048,
    },
    "FacebookAI/roberta-base": {
        **_ROBERTA,
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
    },
    "FacebookAI/roberta-large": {
        **_ROBERTA,
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
    },
    "openai-community/gpt2-medium": {
        "model_type": "gpt2",
        "n_embd": 1024,
        "n_layer": 24,
        "n_head": 16,
        "n_positions": 1024,
        "vocab_size": 50257,
    },
    "google/gemma-2b": {
        "model_type": "gemma",
        "hidden_size": 2048,
        "intermediate_size": 16384,
        "num_hidden_layers": 18,
        "num_attention_heads": 8,
        "num_key_value_heads": 1,
        "head_dim": 256,
        "vocab_size": 256000,
    },
}


@pytest.fixture(scope="session")
def paper_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], PreTrainedModel]:
    """A model of the papers by its hub name."""

    @cache
    def build(name: str) -> PreTrainedModel:
        folder = tmp_path_factory.mktemp("model")
        (folder / "config.json").write_text(json.dumps(CONFIGS[name]))
        return meta_model(str(folder))

    return build
