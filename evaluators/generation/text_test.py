"""What models are to write, and what is made of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from evaluators.data.decoding import Decoding
from evaluators.data.prompts import Prompts
from evaluators.metrics.of_text import find_text_metric, score_texts
from spaces.errors import InputError
from spaces.foreign import foreign
from spaces.objective import Batch

__all__ = ["TextTest"]

_BAN: Final = "n-grams of the answer"
"""What is said once: by it answers are told from those of when a prompt's n-grams counted as said."""


@dataclass(frozen=True, eq=False)
class TextTest:
    """Prompts, how they are answered, and by which metrics of text the answers are judged.

    stops: tokens at which an answer ends. metrics: names in ``TEXT_METRICS``. tokenizer: reads the answers.
    Raises InputError where there is no prompt, or an empty one; UsageError on a metric that there is not.
    """

    prompts: Prompts
    decoding: Decoding
    metrics: tuple[str, ...]
    stops: tuple[int, ...]
    tokenizer: PreTrainedTokenizerBase

    def __post_init__(self) -> None:
        if not len(self.prompts) or not all(len(ids) for ids in self.prompts.input_ids):
            raise InputError("text is generated after prompts of at least one token, and here is none such.")
        for name in self.metrics:
            find_text_metric(name)

    @property
    def longest(self) -> int:
        """Tokens of the longest prompt."""
        return max(map(len, self.prompts.input_ids))

    @cached_property
    def digest(self) -> str:
        """Of all that decides what a model says; the metrics do not."""
        ban = [_BAN] if self.decoding.no_repeat_ngram else []
        known = json.dumps([asdict(self.decoding), self.stops, *ban])
        digest = hashlib.sha256(known.encode())
        for ids in self.prompts.input_ids:
            digest.update(len(ids).to_bytes(4, "little") + ids.tobytes())
        return digest.hexdigest()

    def batch(self, indices: np.ndarray, *, pad: int, device: torch.device) -> Batch:
        """The prompts at ``indices``, padded on the left, so that every one ends where its answer begins."""
        ids = [self.prompts.input_ids[i] for i in indices]
        width = max(map(len, ids))
        tokens = np.full((len(ids), width), pad, dtype=np.int64)
        mask = np.zeros_like(tokens)
        for i, row in enumerate(ids):
            tokens[i, width - len(row) :] = row
            mask[i, width - len(row) :] = 1
        inputs = {"input_ids": torch.from_numpy(tokens), "attention_mask": torch.from_numpy(mask)}
        given = {name: tensor.to(device) for name, tensor in inputs.items()}
        return Batch(given, given["input_ids"])

    def text(self, tokens: np.ndarray) -> str:
        """An answer as a person reads it: to its first stop, without special tokens, or blanks around it."""
        ends = np.flatnonzero(np.isin(tokens, self.stops))
        said = tokens[: ends[0]] if len(ends) else tokens
        with foreign("the model's tokenizer fails on what was generated", "mend its tokenizer.json."):
            text = self.tokenizer.decode(said.tolist(), skip_special_tokens=True)
        return str(text).strip()

    def ended(self, tokens: np.ndarray) -> bool:
        """Whether any of these answers, (answers, tokens), has a stop."""
        return bool(np.isin(tokens, self.stops).any())

    def score(self, answers: tuple[str, ...]) -> dict[str, float]:
        """What the answers, one a prompt, are worth by each metric."""
        return score_texts(self.metrics, answers, self.prompts.references)
