"""What can be chosen of the task: its rows, their columns, and how many of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from search.job.option import Range, check_settings, option
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.printable import printable

__all__ = ["LONGEST_NAME", "DataSettings"]

_ROWS: Final = Range(1, 1_000_000_000)
LONGEST_NAME: Final = 100
"""Characters of a task's name, which stands in titles."""


@dataclass(frozen=True, slots=True)
class DataSettings:
    """The task (default: the embedded Rotten Tomatoes)."""

    task: str | None = option(
        None,
        "a task that has a name, or beside files the corpus that they are laid out as",
        metavar="NAME",
        default_text="rotten_tomatoes, which is embedded",
        known=("evaluators.data.named_tasks:NAMED_TASKS", "evaluators.data.corpora.registry:CORPORA"),
    )
    train_file: Path | None = option(
        None,
        "rows to train on, TSV, CSV, JSON lines or Parquet: texts with labels, or for a language model text "
        "alone, or prompt and completion",
        metavar="FILE",
    )
    eval_file: Path | None = option(
        None, "rows that report the winner and the baseline, used once", metavar="FILE"
    )
    text_columns: tuple[str, ...] | None = option(
        None, "the texts of a row", metavar="A[,B]", default_text="found by name"
    )
    label_column: str | None = option(None, "the labels", metavar="C", default_text="label")
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
    regression: bool = option(False, "labels of the training file are numbers to predict")
    max_length: int = option(128, "tokens a row is cut to", metavar="N", between=Range(2, 1_000_000))
    train_rows: int | None = option(
        None, "at most", metavar="N", between=_ROWS, default_text="512 of the embedded task, else all"
    )
    eval_rows: int | None = option(
        None,
        "at most, to select by and to report on each",
        metavar="N",
        between=_ROWS,
        default_text="320 of the embedded task, else all",
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if (self.train_file is None) != (self.eval_file is None):
            raise UsageError("`train_file` and `eval_file` go together: give both, or neither and `task`.")
        described = (self.text_columns, self.label_column, self.regression or None)
        named = None if self.train_file else self.task_name
        if (self.task or not self.train_file) and (*described, named) != (None,) * 4:
            raise UsageError(
                "`text_columns`, `label_column`, `task_name` and `regression` describe `train_file`; a named "
                "task knows its own."
            )
        name = self.task_name
        if name and (len(name) > LONGEST_NAME or printable(name) != name):
            raise UsageError(
                f"`task_name` must be one line of at most {counted(LONGEST_NAME, 'character')}, none of "
                "which controls."
            )
