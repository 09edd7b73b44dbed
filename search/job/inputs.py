"""From settings to the model and the task of a job."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from transformers import PreTrainedTokenizerBase

from evaluators.base.base_model import ModelSource, load_tokenizer
from evaluators.data.demo import MODEL_NAME, demo_model_folder
from evaluators.data.language_task import build_language_task, build_language_training_task
from evaluators.data.named_tasks import NamedTask, find_task, load_glue
from evaluators.data.passages import Passages
from evaluators.data.read_table import read_table
from evaluators.data.task import Task, build_task, build_training_task
from evaluators.data.text_table import TextTable
from evaluators.metrics.classes import BINARY_METRICS
from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.classification import classification
from evaluators.objectives.regression import regression
from evaluators.objectives.task_objective import Labelled
from spaces.errors import InputError, UsageError
from spaces.printable import printable

from .settings import LONGEST_NAME, DataSettings, ModelSettings

__all__ = ["Inputs", "load_inputs", "load_training_inputs"]

_log = logging.getLogger(__name__)
_Tables = tuple[TextTable, TextTable]  # to train on, and to report on
_DEMO_TASK = "rotten_tomatoes"
_DEMO_TRAIN_ROWS, _DEMO_EVAL_ROWS = 512, 320  # so that the default run ends within minutes on two cores
_DEMO_LEARNING_RATE, _LEARNING_RATE = 3e-3, 5e-4


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """base: the model as a reader should know it. source: where it is loaded from.
    learning_rate: where the settings name none.
    """

    base: str
    source: ModelSource
    task: Task
    learning_rate: float


def load_inputs(
    model: ModelSettings, data: DataSettings, *, tables: Callable[[str], _Tables] = load_glue
) -> Inputs:
    """The tokenised task and the model to load; raises InputError or UsageError on what cannot be used.

    tables: gives those of a named task.
    """
    named = _named(data)
    embedded = named is not None and named.embedded

    def build(tokenizer: PreTrainedTokenizerBase) -> Task:
        return _builder(model, data, named, tables)(
            tokenizer,
            max_length=data.max_length,
            train_rows=data.train_rows or (_DEMO_TRAIN_ROWS if embedded else None),
            eval_rows=data.eval_rows or (_DEMO_EVAL_ROWS if embedded else None),
        )

    return _loaded(model, build, embedded=embedded)


def load_training_inputs(
    model: ModelSettings, data: DataSettings, *, rows: int, tables: Callable[[str], _Tables] = load_glue
) -> Inputs:
    """The same of the first ``rows`` training rows alone, for who looks at no others: the file to report on
    is not read."""
    named = _named(data)
    name = _DEMO_TASK if data.task is None else data.task

    def build(tokenizer: PreTrainedTokenizerBase) -> Task:
        if data.train_file is None:
            train: TextTable | Passages = tables(name)[0]
        else:
            train = _read(data.train_file, data)
        title = name if data.train_file is None else _title(data.train_file, data.task_name)
        if isinstance(train, Passages):
            objective = _of_language(model, data)
            return build_language_training_task(
                title, objective, train, tokenizer, max_length=data.max_length, rows=rows
            )
        labelled = _labelled(data, named)
        return build_training_task(title, labelled, train, tokenizer, max_length=data.max_length, rows=rows)

    return _loaded(model, build, embedded=named is not None and named.embedded)


def _named(data: DataSettings) -> NamedTask | None:
    """The named task, where no files stand for one."""
    return None if data.train_file is not None else find_task(_DEMO_TASK if data.task is None else data.task)


def _loaded(
    model: ModelSettings, build: Callable[[PreTrainedTokenizerBase], Task], *, embedded: bool
) -> Inputs:
    """The task built with the model's tokenizer. embedded: whether it is the embedded one."""
    folder = str(demo_model_folder()) if model.model is None else model.model
    _log.info("loading  the rows, and the tokenizer of %s", model.model or MODEL_NAME)
    task = build(load_tokenizer(folder))
    base = MODEL_NAME if model.model is None else model.model
    learning_rate = _DEMO_LEARNING_RATE if embedded else _LEARNING_RATE
    objective = task.objective
    source = ModelSource(folder, objective.num_labels, model.dtype, objective.architecture, model.bits)
    return Inputs(base, source, task, learning_rate)


class _Builder(Protocol):
    """Builds the task of rows that were read."""

    def __call__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        /,
        *,
        max_length: int,
        train_rows: int | None,
        eval_rows: int | None,
    ) -> Task: ...


def _builder(
    model: ModelSettings, data: DataSettings, named: NamedTask | None, tables: Callable[[str], _Tables]
) -> _Builder:
    """Of labelled texts, or of rows of a language model."""
    name = _DEMO_TASK if data.task is None else data.task
    train, test = _tables(data, name, tables)
    title = name if data.train_file is None else _title(data.train_file, data.task_name)
    if isinstance(train, Passages) and isinstance(test, Passages):
        return partial(build_language_task, title, _of_language(model, data), train, test)
    if isinstance(train, TextTable) and isinstance(test, TextTable):
        return partial(build_task, title, _labelled(data, named), train, test)
    raise InputError(
        "one file has labelled texts and the other rows of a language model; give both the same columns."
    )


def _of_language(model: ModelSettings, data: DataSettings) -> CausalLM:
    """What is learned of rows without labels; raises UsageError on what only labels could mean."""
    rows = "these rows have no labels, but texts that a language model is to learn"
    if model.model is None:
        raise UsageError(f"{rows}: name a decoder with `model`, or a `label_column` of the files.")
    if data.regression or data.positive_label is not None:
        given = "regression" if data.regression else "positive_label"
        raise UsageError(f"{rows}: leave `{given}` out, or name a `label_column` of the files.")
    return CausalLM() if data.metric is None else CausalLM(data.metric)


def _labelled(data: DataSettings, named: NamedTask | None) -> Callable[[Sequence[str | float]], Labelled]:
    """What is learned of the rows' labels: a named task's own, or what the settings say of files."""
    numbers = data.regression if named is None else named.regression
    default = named.metric if named else "pearson" if numbers else "accuracy"
    metric = default if data.metric is None else data.metric
    positive = data.positive_label
    if numbers:
        if positive is not None:
            raise UsageError(f"`positive_label={positive!r}`: {metric} is of numbers; leave it out.")
        return partial(regression, metric=metric)
    if positive is None and named is not None and metric in BINARY_METRICS:
        positive = named.positive_label
    return partial(classification, metric=metric, positive=positive)


def _title(file: Path, given: str | None) -> str:
    """What a task of one's own is called: as given, or its folder and file, ``mrpc/train``, shown as text."""
    if given is not None:
        return given
    whole = file.absolute()
    name = f"{whole.parent.name}/{whole.stem}".lstrip("/")
    return printable(name)[-LONGEST_NAME:]


def _tables(
    data: DataSettings, name: str, tables: Callable[[str], _Tables]
) -> tuple[TextTable | Passages, TextTable | Passages]:
    if data.train_file is None or data.eval_file is None:
        return tables(name)
    return _read(data.train_file, data), _read(data.eval_file, data)


def _read(file: Path, data: DataSettings) -> TextTable | Passages:
    return read_table(file, text_columns=data.text_columns, label_column=data.label_column)
