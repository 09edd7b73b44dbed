"""Labelled texts among a file's columns."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from spaces.counted import counted
from spaces.errors import UsageError

from .columns import Columns
from .text_table import TextTable

__all__ = ["has_labels", "labelled_rows"]

_logger = logging.getLogger(__name__)

# MRPC's header, and what the rest of GLUE calls the same columns.
_ALIASES: Final[Mapping[str, str]] = {"sentence1": "#1 String", "sentence2": "#2 String", "label": "Quality"}
_GUESSES: Final = (
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("question", "sentence"),
    ("sentence",),
    ("text",),
)


def has_labels(columns: Columns) -> bool:
    """Whether a column is called as labels are."""
    return "label" in columns or _ALIASES["label"] in columns


def labelled_rows(
    columns: Columns, *, text_columns: Sequence[str] | None = None, label_column: str | None = None
) -> TextTable:
    """The rows as texts with labels, both str.

    text_columns: one, or two for pairs; without it the first of sentence1,sentence2 / premise,hypothesis /
    question1,question2 / question,sentence / sentence / text that is there. label_column: ``label`` unless
    given. MRPC's columns also answer to sentence1, sentence2 and label. Labels lose blanks around them, which
    the log counts; texts stay as they are.

    Raises UsageError on a column that is not there, InputError on rows without a label or a text.
    """
    names = _text_columns(columns, text_columns)
    texts = [columns.texts(name) for name in names]
    labels = columns.strings(_find(columns, "label" if label_column is None else label_column))
    columns.refuse_missing("a label", [label is None for label in labels])
    columns.refuse_missing("a text", [None in row for row in zip(*texts, strict=True)])
    return TextTable(tuple(zip(*texts, strict=True)), _stripped(columns, labels))


def _stripped(columns: Columns, labels: Sequence[str | None]) -> tuple[str, ...]:
    """The labels without blanks around them, all of them there; the log says how many had some."""
    names = tuple(label.strip() for label in labels if label is not None)
    if changed := sum(name != label for name, label in zip(names, labels, strict=True)):
        _logger.warning(
            "%s: blanks around labels were taken off; rows: %d of %d", columns.path, changed, len(names)
        )
    return names


def _text_columns(columns: Columns, given: Sequence[str] | None) -> list[str]:
    if given is not None:
        if len(given) not in (1, 2):
            raise UsageError(
                f"{counted(len(given), 'text column')} {list(given)} are given; name one, or two for pairs."
            )
        return [_find(columns, name) for name in given]
    for guess in _GUESSES:
        if all(name in columns or _ALIASES.get(name, name) in columns for name in guess):
            return [_find(columns, name) for name in guess]
    raise UsageError(f"{columns.path} has the columns {columns.names}, {_remedy(columns)}")


def _remedy(columns: Columns) -> str:
    """What is missing among the columns, and how it is named."""
    for found, other in (("prompt", "completion"), ("completion", "prompt")):
        if found in columns and other not in columns:
            return f"{found} and no {other} among them; name it with `{other}_column`."
    return (
        "among which no text column can be guessed; name one or two of labelled texts with `text_columns`, "
        "or a language model's with `prompt_column` and `completion_column`."
    )


def _find(columns: Columns, name: str) -> str:
    """The column's name in the file."""
    for candidate in (name, _ALIASES.get(name, name)):
        if candidate in columns:
            return candidate
    raise UsageError(
        f"{columns.path} has no column {name!r}; its columns are {columns.names}. "
        "Choose with `text_columns` and `label_column`."
    )
