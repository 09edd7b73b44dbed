"""How labels say which of a question's choices a row is, and whether it is the right one.

A row is a prompt and one of its choices. Its label at a place is the token there, as of any row of a language
model, where that is to be learned: in the right choice. In a wrong one the tokens are to be judged and not to
be learned, and stand below zero, as does at place 0, whose token nothing foretells, the mark of the row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

__all__ = ["COVERED", "MOST_CHOICES", "Choices", "choice_labels", "choices_of"]

MOST_CHOICES: Final = 1000
"""Of one question."""

COVERED: Final = -1000
"""From here down a label covers a token that is not to be learned; -100 stands where there is none."""


class Choices(NamedTuple):
    """Of rows that are choices: (n,) int64 each, ``right`` bool.

    rows: where they stand among all rows. questions: a number that the choices of one question share. places:
    0, 1, ... within a question.
    """

    rows: np.ndarray
    questions: np.ndarray
    places: np.ndarray
    right: np.ndarray


def choice_labels(ids: np.ndarray, start: int, *, question: int, place: int, right: bool) -> np.ndarray:
    """The labels of one row: (tokens,) int64.

    Args:
        ids: its tokens, (tokens,) int64.
        start: where its choice begins: at least 1, and within ``ids``, so that there is a token to judge
            it by.
        question: its number, at least 0, the same for all of its choices and for no others.
        place: of the choice among them, below ``MOST_CHOICES``.
        right: whether it is the answer.

    >>> choice_labels(np.array([7, 8, 9]), 2, question=0, place=1, right=True).tolist()
    [-1001, -100, 9]
    >>> choice_labels(np.array([7, 8, 9]), 2, question=0, place=0, right=False).tolist()
    [-1000, -100, -1009]
    """
    if not 1 <= start < len(ids):
        raise ValueError(
            f"a choice from token {start} of {len(ids)} on leaves nothing to judge; `start` is at least 1 "
            "and below the number of tokens."
        )
    labels = np.where(np.arange(len(ids)) < start, np.int64(-100), ids if right else COVERED - ids)
    labels[0] = COVERED - (question * MOST_CHOICES + place)
    return labels


def choices_of(labels: Sequence[np.ndarray]) -> Choices:
    """What labels say of their rows; rows without a mark are no choices, and left out."""
    first = np.array([row[0] if len(row) else 0 for row in labels], dtype=np.int64)
    rows = np.flatnonzero(first <= COVERED)
    questions, places = np.divmod(COVERED - first[rows], MOST_CHOICES)
    right = np.array([(labels[int(row)][1:] >= 0).any() for row in rows], dtype=np.bool_)
    return Choices(rows, questions, places, right)
