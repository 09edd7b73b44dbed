"""A language model's rows in tokens, and which of these it learns: as TRL has them."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from transformers import PreTrainedTokenizerBase

from spaces.counted import counted
from spaces.errors import InputError, UsageError

from .cut_rows import cut_rows_note
from .message import Said
from .passages import Passages
from .rows import NO_TARGET, Rows
from .spoken_ids import (
    Spoken,
    begun_note,
    check_chat_template,
    check_generation_marks,
    opening_ids,
    spoken_ids,
    text_ids,
)

__all__ = [
    "LONGEST_PASSAGE",
    "USUAL_LOSS",
    "LossOn",
    "TokenisedPassages",
    "question_ids",
    "row_limit",
    "tokenised_passages",
    "tokens_shared",
]

LONGEST_PASSAGE: Final = 1024
"""Tokens a row is cut to unless told; as in TRL."""

_NOTHING: Final = np.empty(0, dtype=np.int64)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LossOn:
    """Which tokens of a row are learned.

    completion_only: nothing of a prompt. assistant_only: of conversations what the assistant says, which the
    chat template must mark.
    """

    completion_only: bool = True
    assistant_only: bool = False


USUAL_LOSS: Final = LossOn()


@dataclass(frozen=True, slots=True, eq=False)
class TokenisedPassages:
    """Of each part, by its name. notes: sentences about rows that are not whole, or left out."""

    rows: Mapping[str, Rows]
    notes: Mapping[str, Sequence[str]]


def row_limit(tokenizer: PreTrainedTokenizerBase, max_length: int | None) -> int:
    """Tokens that a row may have: ``max_length``, or what the tokenizer states where that is less.

    Raises UsageError where two tokens are too many.
    """
    limit = min(LONGEST_PASSAGE if max_length is None else max_length, tokenizer.model_max_length)
    if limit < 2:
        raise UsageError(f"`max_length={limit}` must be at least 2: a token, and one that it foretells.")
    return int(limit)


def tokenised_passages(
    parts: Mapping[str, Passages],
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_length: int | None = None,
    loss_on: LossOn = USUAL_LOSS,
) -> TokenisedPassages:
    """The rows of each part by its name; labels are the tokens that are learned, ``NO_TARGET`` elsewhere.

    A row is tokenised as one text, or written whole by the chat template, as a model reads it later; the
    completion begins with the first token that the prompt alone does not have, where a prompt of messages
    ends with the mark that the assistant speaks next. Behind a text the end-of-text token is appended, and
    learned with it; a conversation ends as its template ends it. Rows are cut behind ``row_limit`` tokens.
    The first token of a row is foretold by nothing, so it is never a target.
    So does TRL 1.16 (``SFTTrainer``), except that it appends a second end-of-text where a tokenizer appends
    one of its own, leaves a second begin-of-text where a text begins with one itself, heeds no limit that the
    tokenizer states, and keeps rows of a lone token.

    Rows that are left without a target are dropped; notes, which are logged, count them, those that are cut,
    and those that begin themselves.

    Args:
        parts: the raw rows by the name of their part.
        tokenizer: the model's own.
        max_length: ``LONGEST_PASSAGE`` unless given.
        loss_on: what is learned.

    Raises InputError where a part keeps no row, and where tokenizer or template cannot be used; UsageError
    where what is asked for means nothing here.
    """
    limit = row_limit(tokenizer, max_length)
    _check(parts, tokenizer, loss_on)
    rows, notes = {}, {}
    for part, passages in parts.items():
        rows[part], notes[part] = _rows(part, passages, tokenizer, limit, loss_on)
    return TokenisedPassages(rows, notes)


def question_ids(passages: Passages, tokenizer: PreTrainedTokenizerBase) -> list[np.ndarray]:
    """(tokens,) int64 of what each row asks, as the row begins with it; none where it asks nothing.

    Special tokens that a tokenizer puts behind a text are left out where the row goes on otherwise, as are
    blanks that the row has in one token with what follows: the answer begins with them. A question in
    messages ends with the mark that the assistant speaks next, and what the chat template writes in the row
    between that and the answer. The log counts the prompts that are not how their rows begin.
    """
    rows = [row.ids for row in _whole(passages, tokenizer, assistant=False)]
    asked = _alone(passages, passages.questions, tokenizer)
    if passages.spoken:
        every = zip(rows, asked, passages.questions, strict=True)
        asked = [_opened(row, ids, question, tokenizer) for row, ids, question in every]
    else:
        special = set(tokenizer.all_special_ids)
        asked = [_unclosed(row, ids, special) for row, ids in zip(rows, asked, strict=True)]
    if differ := sum(tokens_shared(row, ids) < len(ids) for row, ids in zip(rows, asked, strict=True)):
        _log.warning(
            f"the tokens of {differ} of {counted(len(asked), 'prompt')} are not those that their rows begin "
            "with: a prompt's last token merges with what follows, or the chat template writes it otherwise; "
            "end no prompt with a blank, and begin its completion with it"
        )
    if passages.spoken:
        return asked
    return [_unmerged(row, ids, tokenizer) for row, ids in zip(rows, asked, strict=True)]


def _opened(
    row: np.ndarray, ids: np.ndarray, question: Said, tokenizer: PreTrainedTokenizerBase
) -> np.ndarray:
    """What is asked in messages, with what the chat template writes in front of an answer where the row has
    that, and not a thought of its own."""
    opening = opening_ids(question, tokenizer) if len(ids) and not isinstance(question, str) else None
    if opening is None:
        return ids
    opening = _unmerged(row, opening, tokenizer)
    return opening if tokens_shared(row, opening) == len(opening) else ids


def _unclosed(row: np.ndarray, ids: np.ndarray, special: Container[int]) -> np.ndarray:
    """What is asked in a text, without special tokens behind it that the row does not have there."""
    shared = tokens_shared(row, ids)
    while len(ids) > shared and int(ids[-1]) in special:
        ids = ids[:-1]
    return ids


def _unmerged(row: np.ndarray, ids: np.ndarray, tokenizer: PreTrainedTokenizerBase) -> np.ndarray:
    """What is asked, without blanks at its end that the row has in one token with what follows."""
    shared = tokens_shared(row, ids)
    blank = 0 < shared < len(ids) and not str(tokenizer.decode(ids[shared:].tolist())).strip()
    return ids[:shared] if blank else ids


def _check(parts: Mapping[str, Passages], tokenizer: PreTrainedTokenizerBase, loss_on: LossOn) -> None:
    """Raises InputError or UsageError where the tokenizer does not do for rows of this kind."""
    if any(passages.spoken for passages in parts.values()):
        check_chat_template(tokenizer)
        if loss_on.assistant_only:
            check_generation_marks(tokenizer)
        return
    if loss_on.assistant_only:
        raise UsageError(
            "`assistant_only_loss` is of conversations, and these rows are texts; leave it out, or give "
            "messages."
        )
    if tokenizer.eos_token_id is None:
        plain = not any(any(passages.prompts) for passages in parts.values())
        labels = ", or, where the texts have labels, name their column with `label_column`" if plain else ""
        raise InputError(
            "the model's tokenizer has no end-of-text token, so that none could be learned behind a text; "
            f"name its `eos_token` in tokenizer_config.json, or choose a decoder that has one{labels}."
        )


def _rows(
    part: str, passages: Passages, tokenizer: PreTrainedTokenizerBase, limit: int, loss_on: LossOn
) -> tuple[Rows, list[str]]:
    """The rows that keep a target, and sentences, also logged, about those that are cut and the others."""
    ids, labels, cut = [], [], 0
    for row, learned in _learned(passages, tokenizer, loss_on):
        if (learned[:limit] >= 0).any():
            ids.append(row[:limit])
            labels.append(learned[:limit])
            cut += len(row) > limit
    told = [] if passages.spoken else begun_note(part, "row", _texts(passages), tokenizer)
    told += [cut_rows_note(part, cut, len(passages), tokenizer, limit)] if cut else []
    if dropped := len(passages) - len(ids):
        told.append(
            f"dropped {dropped} of {counted(len(passages), 'row')} of the {part} part: nothing to learn is "
            f"left of them within {counted(limit, 'token')}"
        )
    for note in told:
        _log.warning("%s", note)
    if not ids:
        raise InputError(
            f"no row of the {part} part has anything to learn within `max_length={limit}`; raise it, or give "
            "shorter prompts or longer completions."
        )
    return Rows(tuple(ids), None, tuple(labels)), told


def _learned(
    passages: Passages, tokenizer: PreTrainedTokenizerBase, loss_on: LossOn
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of every row its tokens, and those of them that are learned, ``NO_TARGET`` elsewhere; uncut."""
    whole = _whole(passages, tokenizer, assistant=loss_on.assistant_only)
    given = _alone(passages, passages.prompts, tokenizer)
    for row, prompt in zip(whole, given, strict=True):
        start = max(1, tokens_shared(row.ids, prompt)) if loss_on.completion_only else 1
        is_target = np.arange(len(row.ids)) >= start
        if row.by_assistant is not None:
            is_target &= row.by_assistant
        yield row.ids, np.where(is_target, row.ids, NO_TARGET)


def _whole(passages: Passages, tokenizer: PreTrainedTokenizerBase, *, assistant: bool) -> list[Spoken]:
    """Every row from its beginning to its end."""
    if passages.spoken:
        conversations = [(*prompt, *completion) for prompt, completion in passages.whole]
        return [spoken_ids(one, tokenizer, assistant=assistant) for one in conversations]
    return [Spoken(_ended(ids, tokenizer.eos_token_id)) for ids in text_ids(_texts(passages), tokenizer)]


def _texts(passages: Passages) -> list[str]:
    """Every row that is not spoken, as one text."""
    return [f"{prompt}{completion}" for prompt, completion in passages.whole]


def _alone(passages: Passages, asked: Sequence[Said], tokenizer: PreTrainedTokenizerBase) -> list[np.ndarray]:
    """What is asked without its answer, as rows begin with it. passages: the rows, which say of what kind."""
    if passages.spoken:
        return [
            _NOTHING if isinstance(one, str) or not one else spoken_ids(one, tokenizer, answering=True).ids
            for one in asked
        ]
    return text_ids(asked, tokenizer)


def tokens_shared(row: np.ndarray, prompt: np.ndarray) -> int:
    """How many tokens a row and its prompt alone both begin with."""
    width = min(len(row), len(prompt))
    differs = np.flatnonzero(row[:width] != prompt[:width])
    return int(differs[0]) if len(differs) else width


def _ended(row: np.ndarray, end: int) -> np.ndarray:
    return row if len(row) and row[-1] == end else np.append(row, np.int64(end))
