"""The rows of a file: labelled texts, or those of a language model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from .labelled_rows import labelled_rows
from .passages import Passages
from .read_columns import read_columns
from .read_passages import has_passages, read_passages, tell_of_unread
from .text_table import TextTable

__all__ = ["RowKind", "read_table"]

RowKind = Literal["labelled", "language"]
"""Texts with labels, or what a language model is to say."""


def read_table(
    path: str | Path,
    *,
    kind: RowKind | None = None,
    text_columns: Sequence[str] | None = None,
    label_column: str | None = None,
    prompt_column: str | None = None,
    completion_column: str | None = None,
) -> TextTable | Passages:
    """The rows of a file, of the kind that its columns are where none is given.

    Args:
        path: of a .tsv, .csv, .jsonl, .json or .parquet file (``read_columns``).
        kind: of the rows; found from the columns that are named, or from the names of those there are.
        text_columns: of labelled texts, as ``labelled_rows`` has it.
        label_column: of labelled texts.
        prompt_column: of a language model's rows, as ``read_passages`` has it.
        completion_column: of a language model's rows.

    Raises UsageError and InputError as these do.
    """
    columns = read_columns(Path(path))
    if kind is None:
        named = prompt_column is not None or completion_column is not None
        guessed = not named and text_columns is None and label_column is None and has_passages(columns)
        kind = "language" if named or guessed else "labelled"
        if guessed:
            tell_of_unread(columns)
    if kind == "language":
        return read_passages(columns, prompt_column=prompt_column, completion_column=completion_column)
    return labelled_rows(columns, text_columns=text_columns, label_column=label_column)
