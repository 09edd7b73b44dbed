"""Folders of tiny models and tokenizers, written, damaged and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from evaluators.base.base_model import ModelSource, load_base_model

SIZES: dict[str, Any] = {
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "vocab_size": 20,
    "max_position_embeddings": 16,
}


def save(model: PreTrainedModel, folder: Path) -> Path:
    """Writes weights and config as save_pretrained does, without its progress bar."""
    folder.mkdir()
    model.config.save_pretrained(folder)
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def save_tokenizer(folder: Path, **special: str) -> Path:
    vocabulary = {word: i for i, word in enumerate(["[UNK]", "<s>", "</s>", "a", "b", "c"])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", **special).save_pretrained(folder)
    return folder


def edit_weights(folder: Path, *, drop: str = "", crop: str = "") -> None:
    weights = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if not drop or drop not in name}
    save_file(
        {name: tensor[:-1].clone() if crop and crop in name else tensor for name, tensor in kept.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )


def load(folder: Path, num_labels: int = 3, dtype: str = "float32") -> PreTrainedModel:
    return load_base_model(ModelSource(str(folder), num_labels, dtype), device="cpu")
