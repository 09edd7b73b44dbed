"""A tiny model and some rows of text, with which a whole command takes a second or two of computing."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

__all__ = ["tiny_inputs"]

_WORDS = {"1": ("good", "fine", "great"), "0": ("bad", "poor", "awful")}
_FILLING = ("a", "film", "plot", "the", "is", "very")


def tiny_inputs(folder: Path) -> list[str]:
    """The options that name a model of three layers and rows for it, made in the folder once."""
    model, rows = folder / "model", {"train": 90, "dev": 30}
    if not (folder / "made").exists():
        folder.mkdir(parents=True, exist_ok=True)
        rng = random.Random(0)
        for name, count in rows.items():
            (folder / f"{name}.tsv").write_text("\n".join(["sentence\tlabel", *_lines(count, rng)]))
        _save_model(model)
        (folder / "made").touch()
    data = ["--train-file", str(folder / "train.tsv"), "--eval-file", str(folder / "dev.tsv")]
    return ["--model", str(model), *data]


def _lines(count: int, rng: random.Random) -> list[str]:
    """Rows whose label one word tells."""
    labels = [rng.choice("01") for _ in range(count)]
    told = [" ".join([*rng.choices(_FILLING, k=5), rng.choice(_WORDS[label])]) for label in labels]
    return [f"{text}\t{label}" for text, label in zip(told, labels, strict=True)]


def _save_model(folder: Path) -> None:
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 48}
    config = BertConfig(
        vocab_size=100, max_position_embeddings=64, pad_token_id=1, initializer_range=0.2, **sizes
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    words = {word: i for i, word in enumerate(["[UNK]", "[PAD]", *_FILLING, *_WORDS["0"], *_WORDS["1"]])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"unk_token": "[UNK]", "pad_token": "[PAD]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
