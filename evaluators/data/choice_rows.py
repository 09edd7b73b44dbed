"""Questions in tokens: the right choices to learn from, or every choice to judge by."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

from evaluators.objectives.choice_labels import choice_labels
from spaces.counted import counted
from spaces.errors import InputError

from .questions import Questions
from .rows import NO_TARGET, Rows
from .spoken_ids import begun_note, text_ids
from .tokenised_passages import tokens_shared

__all__ = ["rows_to_judge", "rows_to_learn"]

_log = logging.getLogger(__name__)


def rows_to_learn(part: str, questions: Questions, tokenizer: PreTrainedTokenizerBase, limit: int) -> Rows:
    """A row of each question with its right choice, whose tokens are learned; no end-of-text follows it.

    part: its name, for messages. limit: tokens a row; questions that are longer are dropped, as are those of
    which a choice has no token of its own, and both are counted in the log. Raises InputError where none is
    left.
    """
    asked = [(one, one.right) for one in _asked(questions, tokenizer, limit, part)]
    ids = tuple(one.ids[place] for one, place in asked)
    labels = (
        np.where(np.arange(len(row)) < one.start, np.int64(NO_TARGET), row)
        for row, (one, _) in zip(ids, asked, strict=True)
    )
    return Rows(ids, None, tuple(labels))


def rows_to_judge(part: str, questions: Questions, tokenizer: PreTrainedTokenizerBase, limit: int) -> Rows:
    """A row of every choice of each question, the choices of one question side by side (``choice_labels``).

    The arguments, and what is raised, as of ``rows_to_learn``.
    """
    ids, labels = [], []
    for number, one in enumerate(_asked(questions, tokenizer, limit, part)):
        for place, row in enumerate(one.ids):
            ids.append(row)
            labels.append(
                choice_labels(row, one.start, question=number, place=place, right=place == one.right)
            )
    return Rows(tuple(ids), None, tuple(labels))


@dataclass(frozen=True, slots=True, eq=False)
class _InTokens:
    """ids: of the prompt with each choice, (tokens,) int64. start: where the choices begin. right: which."""

    ids: tuple[np.ndarray, ...]
    start: int
    right: int


def _asked(
    questions: Questions, tokenizer: PreTrainedTokenizerBase, limit: int, part: str
) -> list[_InTokens]:
    """Those no longer than the limit, whichever choice follows, and whose choices all have a token to
    judge them by; at least one."""
    asked = [*_tokenised(questions, tokenizer)]
    for note in begun_note(part, "question", questions.keys, tokenizer):
        _log.warning("%s", note)
    whole = [one for one in asked if max(map(len, one.ids)) <= limit]
    found = [one for one in whole if min(map(len, one.ids)) > one.start]
    within, long, bare = counted(limit, "token"), len(asked) - len(whole), len(whole) - len(found)
    if long or bare:
        reasons = [f"of {long} not all choices are whole within {within}"] if long else []
        reasons += [f"of {bare} a choice has no token behind the prompt's, to judge it by"] if bare else []
        _log.warning(
            f"dropped {long + bare} of {counted(len(asked), 'question')} of the {part} part: "
            + ", ".join(reasons)
        )
    if not found:
        raise InputError(
            f"no question of the {part} part is whole within {within}, with a token of its own in each "
            "choice; raise `max_length`, or begin choices with a blank instead of ending prompts with one."
        )
    return found


def _tokenised(questions: Questions, tokenizer: PreTrainedTokenizerBase) -> Iterator[_InTokens]:
    """Each text is tokenised whole, without what the tokenizer puts behind one. The choices of a question
    begin at one place: where the first of them leaves the tokens that the prompt has alone."""
    texts = [row.prompt + choice for row in questions.rows for choice in row.choices]
    ids, alone = iter(text_ids(texts, tokenizer)), text_ids(questions.keys, tokenizer)
    (around,) = text_ids([""], tokenizer)
    for row, prompt in zip(questions.rows, alone, strict=True):
        own = tuple(_unclosed(next(ids), around) for _ in row.choices)
        yield _InTokens(own, max(1, min(tokens_shared(one, prompt) for one in own)), row.right)


def _unclosed(row: np.ndarray, around: np.ndarray) -> np.ndarray:
    """The row without the tokens at its end that an empty text, ``around``, ends with as well."""
    return row[: len(row) - tokens_shared(row[::-1], around[::-1])]
