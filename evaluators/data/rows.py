"""Tokenised rows of a data set, and how a batch of them is padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evaluators.objectives.labels import Labels
from spaces.counted import counted

__all__ = ["NO_TARGET", "Rows", "joined_labels", "padded_inputs", "padded_labels"]

NO_TARGET: Final = -100
"""The label of a token that is not to be predicted, as in transformers."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Tokenised rows with their labels.

    input_ids: one (length,) int64 array a row, truncated, not padded.
    token_type_ids: which of a pair's two texts a token belongs to, shaped like input_ids; None where
    every token belongs to the first.
    labels: (n,), int64 class ids, or float32 for regression; of a language model a token for each of
    input_ids, row by row, below zero where nothing is to be learned.
    """

    input_ids: tuple[np.ndarray, ...]
    token_type_ids: tuple[np.ndarray, ...] | None
    labels: Labels

    def __post_init__(self) -> None:
        if len(self.input_ids) != len(self.labels):
            raise ValueError(
                f"{counted(len(self.input_ids), 'row')} of input_ids need as many labels, not "
                f"{len(self.labels)}."
            )
        types = self.input_ids if self.token_type_ids is None else self.token_type_ids
        if [len(row) for row in types] != [len(row) for row in self.input_ids]:
            raise ValueError("token_type_ids must have the lengths of input_ids, row by row.")
        if isinstance(self.labels, tuple) and list(map(len, self.labels)) != list(map(len, self.input_ids)):
            raise ValueError("labels that are tokens must have the lengths of input_ids, row by row.")

    def __len__(self) -> int:
        return len(self.input_ids)

    def take(self, indices: Sequence[int] | np.ndarray) -> Rows:
        """The rows at ``indices``, in that order; raises IndexError outside the rows."""
        index = np.asarray(indices, dtype=np.int64)
        types = self.token_type_ids
        return Rows(
            tuple(self.input_ids[i] for i in index),
            None if types is None else tuple(types[i] for i in index),
            tuple(self.labels[i] for i in index) if isinstance(self.labels, tuple) else self.labels[index],
        )


def padded_inputs(
    rows: Rows, indices: Sequence[int] | np.ndarray, *, pad_token_id: int, least: int = 0
) -> dict[str, np.ndarray]:
    """What a model takes for the rows at ``indices``: int64 arrays (len(indices), longest row present).

    least: the tokens that a row is padded to at least.

    Keys are input_ids, attention_mask and, where the rows have them, token_type_ids (0 where padded).
    Padding is on the right. Raises ValueError where no index is given.
    """
    if len(indices) == 0:
        raise ValueError("a batch needs at least one row; got no indices.")
    ids = [rows.input_ids[i] for i in indices]
    inputs = {
        "input_ids": _stacked(ids, pad_token_id, least),
        "attention_mask": _stacked([np.ones_like(row) for row in ids], 0, least),
    }
    if rows.token_type_ids is not None:
        inputs["token_type_ids"] = _stacked([rows.token_type_ids[i] for i in indices], 0, least)
    return inputs


def joined_labels(parts: Sequence[Labels]) -> Labels:
    """The labels of several tables' rows, one table after the other; all tables of one kind."""
    arrays = [part for part in parts if not isinstance(part, tuple)]
    if arrays:
        return np.concatenate(arrays)
    return tuple(row for part in parts for row in part)


def padded_labels(rows: Rows, indices: Sequence[int] | np.ndarray, *, width: int) -> np.ndarray:
    """Labels of the rows at ``indices``: (n,), or (n, width) int64 of tokens, no targets where padded."""
    if isinstance(rows.labels, tuple):
        return _stacked([rows.labels[i] for i in indices], NO_TARGET, width)
    return rows.labels[np.asarray(indices, dtype=np.int64)]


def _stacked(arrays: Sequence[np.ndarray], fill: int, least: int) -> np.ndarray:
    stacked = np.full((len(arrays), max(least, *map(len, arrays))), fill, dtype=np.int64)
    for row, array in zip(stacked, arrays, strict=True):
        row[: len(array)] = array
    return stacked
