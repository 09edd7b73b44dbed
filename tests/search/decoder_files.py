"""A tiny decoder in a folder, and files of prompts for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedModel, PreTrainedTokenizerFast

__all__ = ["DECODER_WORDS", "save_decoder", "write_prompts"]

DECODER_WORDS: Final = ("<end>", "<pad>", *(f"w{n}" for n in range(40)), "=")


def save_decoder(model: PreTrainedModel, folder: Path) -> Path:
    """The folder, with the model and a tokenizer of whole words, which has an end-of-text token.

    The model's vocabulary must be ``DECODER_WORDS``, its ``eos_token_id`` 0.
    """
    model.save_pretrained(folder)
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(DECODER_WORDS)}, unk_token="<pad>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = {"eos_token": "<end>", "pad_token": "<pad>", "unk_token": "<pad>"}
    PreTrainedTokenizerFast(tokenizer_object=words, **special).save_pretrained(folder)
    return folder


def write_prompts(folder: Path, counts: Sequence[int] = (60, 20)) -> list[str]:
    """Options of two files of prompts, whose completions say their words again."""
    rng, paths = np.random.default_rng(0), [folder / "train.jsonl", folder / "dev.jsonl"]
    for path, count in zip(paths, counts, strict=True):
        texts = [" ".join(f"w{n}" for n in rng.integers(0, 20, rng.integers(1, 5))) for _ in range(count)]
        lines = [json.dumps({"prompt": f"{text} =", "completion": f" {text}"}) for text in texts]
        path.write_text("\n".join(lines))
    return ["--train-file", str(paths[0]), "--eval-file", str(paths[1])]
