"""Rows that a language model learns: texts, or what it is to say after a prompt."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.foreign import foreign

from .rows import NO_TARGET, Rows

__all__ = ["Passages", "tokenised_passages"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Passages:
    """Raw rows of a language model.

    prompts: what is given, of which nothing is learned; empty in rows of plain text. completions: what is
    learned, one a row.
    """

    prompts: tuple[str, ...]
    completions: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.prompts) != len(self.completions):
            prompts = counted(len(self.prompts), "prompt")
            raise ValueError(f"{prompts} need as many completions, not {len(self.completions)}.")

    def __len__(self) -> int:
        return len(self.completions)

    @property
    def keys(self) -> list[str]:
        """What rows must share to belong together: their prompt, or their text where there is none."""
        return [prompt or completion for prompt, completion in self.whole]

    @property
    def whole(self) -> list[tuple[str, str]]:
        """Prompt and completion of every row."""
        return list(zip(self.prompts, self.completions, strict=True))

    def take(self, indices: Sequence[int]) -> Passages:
        """The rows at ``indices``, in that order."""
        return Passages(tuple(self.prompts[i] for i in indices), tuple(self.completions[i] for i in indices))


def tokenised_passages(
    parts: Mapping[str, Passages], tokenizer: PreTrainedTokenizerBase, *, max_length: int
) -> dict[str, Rows]:
    """The rows of each part by its name; labels are the tokens of the completions, ``NO_TARGET`` elsewhere.

    A row is tokenised as one text, as a model reads it later; the completion begins with the first token that
    the prompt alone does not have. The end-of-text token is appended, and learned with it, where the
    tokenizer has one. Rows are cut behind ``max_length`` tokens, or what the tokenizer states where that is
    less. The first token of a row is foretold by nothing, so it is never a target.

    Rows that are left without a target are dropped, and counted in the log. Raises InputError where a part
    keeps none, UsageError where two tokens are too many.
    """
    limit = min(max_length, tokenizer.model_max_length)
    if limit < 2:
        raise UsageError(f"`max_length={limit}` must be at least 2: a token, and one that it foretells.")
    if tokenizer.eos_token_id is None:
        _log.warning("the tokenizer has no end-of-text token; rows end without one")
    return {part: _rows(part, passages, tokenizer, limit) for part, passages in parts.items()}


def _rows(part: str, passages: Passages, tokenizer: PreTrainedTokenizerBase, limit: int) -> Rows:
    texts = [prompt + completion for prompt, completion in passages.whole]
    whole, given = _ids(texts, tokenizer), _ids(passages.prompts, tokenizer)
    ids, labels = [], []
    for row, prompt in zip(whole, given, strict=True):
        start = max(1, _shared(row, prompt))
        row = _ended(row, tokenizer.eos_token_id)[:limit]
        learned = np.where(np.arange(len(row)) < start, NO_TARGET, row)
        if (learned >= 0).any():
            ids.append(row)
            labels.append(learned)
    if dropped := len(texts) - len(ids):
        _log.warning(
            "dropped %d of %s of the %s part: nothing to learn is left of them within %s",
            dropped,
            counted(len(texts), "row"),
            part,
            counted(limit, "token"),
        )
    if not ids:
        raise InputError(
            f"no row of the {part} part has anything to learn within `max_length={limit}`; raise it, or give "
            "longer completions."
        )
    return Rows(tuple(ids), None, tuple(labels))


def _ids(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[np.ndarray]:
    remedy = "mend its tokenizer.json (an unknown token, its normalizer), or choose another model."
    with foreign("the model's tokenizer fails on the task's texts", remedy):
        encoding = tokenizer(list(texts), return_attention_mask=False)
        return [np.array(row, dtype=np.int64) for row in encoding["input_ids"]]


def _shared(row: np.ndarray, prompt: np.ndarray) -> int:
    """How many tokens both begin with."""
    width = min(len(row), len(prompt))
    differs = np.flatnonzero(row[:width] != prompt[:width])
    return int(differs[0]) if len(differs) else width


def _ended(row: np.ndarray, end: int | None) -> np.ndarray:
    return row if end is None or (len(row) and row[-1] == end) else np.append(row, np.int64(end))
