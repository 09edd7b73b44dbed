"""What can be chosen of the task: its rows, their columns, and how many of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from evaluators.data.read_table import RowKind
from search.job.option import Range, check_settings, option
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.printable import printable

__all__ = ["EMBEDDED_TRAIN_ROWS", "LONGEST_NAME", "DataSettings", "ObjectiveName"]

ObjectiveName = Literal["auto", "classification", "regression", "causal-lm", "multiple-choice"]
"""What may be learned; auto leaves it to the rows."""

_OF_LABELS: Final = ("text_columns", "label_column")
_OF_LANGUAGE: Final = ("prompt_column", "completion_column")
_ROWS: Final = Range(1, 1_000_000_000)
EMBEDDED_TRAIN_ROWS: Final = 1024
"""Of the embedded task, unless somebody says: the default run ends within minutes on two cores."""
LONGEST_NAME: Final = 100
"""Characters of a task's name, which stands in titles."""


@dataclass(frozen=True, slots=True)
class DataSettings:
    """The task (default: the embedded Rotten Tomatoes)."""

    task: str | None = option(
        None,
        "a task that has a name; beside files the corpus that they are laid out as",
        metavar="NAME",
        default_text="rotten_tomatoes, which is embedded",
        known=(
            "evaluators.data.named_tasks:NAMED_TASKS",
            "evaluators.data.corpora.registry:CORPORA",
            "evaluators.data.corpora.registry:QUIZZES",
        ),
    )
    train_file: Path | None = option(
        None,
        "rows to train on, TSV, CSV, JSON lines, a JSON array or Parquet: texts with labels, or for a "
        "language model text alone, prompt and completion, messages, or instruction, input and output",
        metavar="FILE",
    )
    eval_file: Path | None = option(
        None,
        "rows to report what was chosen on, used once; a study judges by rows cut from the training file, "
        "unless it is told to judge by these",
        metavar="FILE",
    )
    objective: ObjectiveName = option(
        "auto",
        "what is learned: the class or the number that a label is, the next token, or which of a named "
        "task's choices is right, in words; auto is the task's own, and of files goes by the names of the "
        "columns, and takes labels for classes",
    )
    text_columns: tuple[str, ...] | None = option(
        None, "the texts of a row", metavar="A[,B]", default_text="found by name", repeats=True
    )
    label_column: str | None = option(None, "the labels", metavar="C", default_text="label")
    prompt_column: str | None = option(
        None,
        "what a language model is given: texts, or lists of messages",
        metavar="C",
        default_text="prompt, where that is there",
    )
    completion_column: str | None = option(
        None,
        "what it is to say: texts, or lists of messages",
        metavar="C",
        default_text="completion, messages, output or text",
    )
    completion_only_loss: bool = option(True, "nothing of a prompt is learned")
    assistant_only_loss: bool = option(
        False, "of messages only what the assistant says is learned, which the chat template must mark"
    )
    task_name: str | None = option(
        None,
        "of the training file, in all that is shown",
        metavar="NAME",
        default_text="its folder and file, mrpc/train",
        rare=True,
    )
    metric: str | None = option(
        None,
        "by which results are shown",
        metavar="M",
        default_text="the task's",
        known=(
            "evaluators.metrics.classes:CLASS_METRICS",
            "evaluators.metrics.classes:BINARY_METRICS",
            "evaluators.metrics.numbers:NUMBER_METRICS",
            "evaluators.metrics.of_tokens:TOKEN_METRICS",
        ),
    )
    positive_label: str | None = option(
        None,
        "the label that f1 and accuracy_and_f1 are of",
        metavar="L",
        default_text="the rarer in the training rows; GLUE's in a named task",
        rare=True,
    )
    max_length: int | None = option(
        None,
        "tokens a row is cut to",
        metavar="N",
        between=Range(2, 1_000_000),
        default_text="128 of labelled texts, 1024 of a language model's rows",
    )
    train_rows: int | None = option(
        None,
        "at most",
        metavar="N",
        between=_ROWS,
        default_text=f"{EMBEDDED_TRAIN_ROWS} of the embedded task, else all",
    )
    eval_rows: int | None = option(
        None,
        "at most, of those cut from the training rows to choose or judge by, and of those to report on",
        metavar="N",
        between=_ROWS,
        default_text="320 of the embedded task, else all",
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if (self.train_file is None) != (self.eval_file is None):
            raise UsageError("`train_file` and `eval_file` go together: give both, or neither and `task`.")
        if self.task or not self.train_file:
            self._check_named()
        self._check_columns()
        name = self.task_name
        if name and (len(name) > LONGEST_NAME or printable(name) != name):
            raise UsageError(
                f"`task_name` must be one line of at most {counted(LONGEST_NAME, 'character')}, none of "
                "which controls."
            )

    @property
    def most_train_rows(self) -> int | None:
        """As far as the settings alone tell; None: as many as there are."""
        named = self.task is not None or self.train_file is not None
        return self.train_rows or (None if named else EMBEDDED_TRAIN_ROWS)

    @property
    def kind(self) -> RowKind | None:
        """Of the rows of files; None leaves it to their columns."""
        if self.objective == "auto":
            return None
        return "language" if self.objective == "causal-lm" else "labelled"

    def _given(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if getattr(self, name) is not None]

    def _check_named(self) -> None:
        """Raises UsageError on what describes files, where a named task knows its own."""
        given = self._given((*_OF_LABELS, *_OF_LANGUAGE))
        given += ["task_name"] if self.task_name is not None and self.train_file is None else []
        if given:
            raise UsageError(
                f"`{given[0]}` describes `train_file`, and a named task knows its own; leave it out."
            )

    def _check_columns(self) -> None:
        """Raises UsageError on columns of two kinds of rows, or of another kind than is learned."""
        of_labels, of_language = self._given(_OF_LABELS), self._given(_OF_LANGUAGE)
        if of_labels and of_language:
            raise UsageError(
                f"`{of_labels[0]}` is of labelled texts and `{of_language[0]}` of a language model's rows; "
                "give one of them."
            )
        if wrong := {None: [], "labelled": of_language, "language": of_labels}[self.kind]:
            raise UsageError(
                f"`{wrong[0]}` names no column of rows for `objective={self.objective}`; leave one out."
            )
