"""Tasks of made-up words: a tokenizer that knows them, tables of them, and what became of their rows."""

from __future__ import annotations

from functools import partial

from transformers import PreTrainedTokenizerBase

from evaluators.data.rows import Rows
from evaluators.data.task import Task, build_task
from evaluators.data.text_table import TextTable
from evaluators.objectives.classification import classification
from evaluators.objectives.regression import regression

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
CLS, SEP = 2, 3


def table(numbers: range | list[int], labels: str = "ab") -> TextTable:
    """Row n is the text ``w<n>`` with one of the labels in turn."""
    return TextTable(tuple((f"w{n}",) for n in numbers), tuple(labels[n % len(labels)] for n in numbers))


def built(
    metric: str,
    train: TextTable,
    test: TextTable,
    tokenizer: PreTrainedTokenizerBase,
    *,
    numbers: bool = False,
    positive: str | None = None,
    **limits: int,
) -> Task:
    """A task named ``t`` of classes, or of numbers."""
    classes = partial(classification, metric=metric, positive=positive)
    labelled = partial(regression, metric=metric) if numbers else classes
    return build_task("t", labelled, train, test, tokenizer, **limits)


def words(rows: Rows) -> list[int]:
    return [int(ids[1]) - len(SPECIAL) for ids in rows.input_ids]


def parts(task: Task) -> list[list[int]]:
    return [words(task.train), words(task.validation), words(task.test)]
