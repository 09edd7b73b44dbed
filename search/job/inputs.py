"""From settings to the model and the task of a job."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from transformers import PreTrainedTokenizerBase

from evaluators.base.base_model import ModelSource, load_tokenizer
from evaluators.base.model_name import name_of_model
from evaluators.data.choice_task import build_choice_task, build_choice_training_task
from evaluators.data.language_task import build_language_task, build_language_training_task
from evaluators.data.named_tasks import NamedTask, load_glue
from evaluators.data.passages import Passages
from evaluators.data.questions import Questions
from evaluators.data.task import Task, build_task, build_training_task
from evaluators.data.text_table import TextTable
from evaluators.data.tokenised_passages import USUAL_LOSS, LossOn
from evaluators.metrics.classes import BINARY_METRICS
from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.classification import classification
from evaluators.objectives.multiple_choice import MultipleChoice
from evaluators.objectives.regression import regression
from evaluators.objectives.task_objective import Labelled
from spaces.errors import InputError, UsageError
from spaces.printable import printable

from .named_models import model_base, model_place, model_title
from .row_source import DEMO_TASK, RowSource, row_source
from .settings import EMBEDDED_TRAIN_ROWS, LONGEST_NAME, DataSettings, ModelSettings

__all__ = ["Inputs", "load_inputs", "load_training_inputs"]

_log = logging.getLogger(__name__)
_Tables = tuple[TextTable, TextTable]  # to train on, and to report on
_DEMO_EVAL_ROWS = 320
_DEMO_LEARNING_RATE, _LEARNING_RATE = 3e-3, 5e-4


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """title: the model as a reader should know it. base: where an adapter's reader finds it. source: where
    it is loaded from here. learning_rate: where the settings name none.
    """

    title: str
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
    source = row_source(data, tables)

    def build(tokenizer: PreTrainedTokenizerBase) -> Task:
        task = _builder(model, data, source)(
            tokenizer,
            max_length=data.max_length,
            train_rows=data.train_rows or (EMBEDDED_TRAIN_ROWS if source.embedded else None),
            eval_rows=data.eval_rows or (_DEMO_EVAL_ROWS if source.embedded else None),
        )
        return replace(task, decoding=source.decoding, text_metrics=source.text_metrics)

    return _loaded(model, build, embedded=source.embedded)


def load_training_inputs(
    model: ModelSettings, data: DataSettings, *, rows: int, tables: Callable[[str], _Tables] = load_glue
) -> Inputs:
    """The same of the first ``rows`` training rows alone, for who looks at no others: the file to report on
    is not read."""
    source = row_source(data, tables)

    def build(tokenizer: PreTrainedTokenizerBase) -> Task:
        return _training_builder(model, data, source)(tokenizer, rows=rows, max_length=data.max_length)

    return _loaded(model, build, embedded=source.embedded)


def _loaded(
    model: ModelSettings, build: Callable[[PreTrainedTokenizerBase], Task], *, embedded: bool
) -> Inputs:
    """The task built with the model's tokenizer. embedded: whether it is the embedded one."""
    folder, title = model_place(model.model), model_title(model.model)
    _log.info("loading  the rows, and the tokenizer of %s", title)
    task = build(load_tokenizer(folder))
    learning_rate = _DEMO_LEARNING_RATE if embedded else _LEARNING_RATE
    objective = task.objective
    source = ModelSource(folder, objective.num_labels, model.dtype, objective.architecture, model.bits)
    return Inputs(name_of_model(title), model_base(model.model), source, task, learning_rate)


class _Builder(Protocol):
    """Builds the task of rows that were read."""

    def __call__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        /,
        *,
        max_length: int | None,
        train_rows: int | None,
        eval_rows: int | None,
    ) -> Task: ...


class _TrainingBuilder(Protocol):
    """The same without rows to judge by."""

    def __call__(
        self, tokenizer: PreTrainedTokenizerBase, /, *, rows: int, max_length: int | None
    ) -> Task: ...


def _builder(model: ModelSettings, data: DataSettings, source: RowSource) -> _Builder:
    """Of labelled texts, of rows of a language model, or of questions with choices."""
    train, test = source.both()
    title = _title(data)
    if isinstance(train, Passages) and isinstance(test, Passages):
        learned = _of_language(model, data)
        return partial(build_language_task, title, learned, train, test, loss_on=_loss_on(data))
    if isinstance(train, Questions) and isinstance(test, Questions):
        return partial(build_choice_task, title, _of_choices(model, data), train, test)
    if isinstance(train, TextTable) and isinstance(test, TextTable):
        return partial(build_task, title, _labelled(data, source.named), train, test)
    raise InputError(
        "one file has labelled texts and the other rows of a language model; give both the same columns."
    )


def _training_builder(model: ModelSettings, data: DataSettings, source: RowSource) -> _TrainingBuilder:
    """The same of the rows to learn from alone."""
    train, title = source.train(), _title(data)
    if isinstance(train, Passages):
        learned = _of_language(model, data)
        return partial(build_language_training_task, title, learned, train, loss_on=_loss_on(data))
    if isinstance(train, Questions):
        return partial(build_choice_training_task, title, _of_choices(model, data), train)
    return partial(build_training_task, title, _labelled(data, source.named), train)


def _of_choices(model: ModelSettings, data: DataSettings) -> MultipleChoice:
    """What is learned of questions with choices; raises UsageError on what means nothing of them."""
    rows = "questions with choices are for a language model"
    if model.model is None:
        raise UsageError(f"{rows}: name a decoder with `model`.")
    if data.positive_label is not None:
        raise UsageError(f"{rows}, and no choice is positive: leave `positive_label` out.")
    if _loss_on(data) != USUAL_LOSS:
        raise UsageError(f"{rows}, of which the right choice is learned: leave `{_unusual(data)}` out.")
    return MultipleChoice() if data.metric is None else MultipleChoice(data.metric)


def _of_language(model: ModelSettings, data: DataSettings) -> CausalLM:
    """What is learned of rows without labels; raises UsageError on what only labels could mean."""
    rows = "these rows have no labels, but texts that a language model is to learn"
    if model.model is None:
        raise UsageError(f"{rows}: name a decoder with `model`, or a `label_column` of the files.")
    if data.positive_label is not None:
        raise UsageError(f"{rows}: leave `positive_label` out, or name a `label_column` of the files.")
    return CausalLM() if data.metric is None else CausalLM(data.metric)


def _loss_on(data: DataSettings) -> LossOn:
    return LossOn(data.completion_only_loss, data.assistant_only_loss)


def _unusual(data: DataSettings) -> str:
    """The setting by which other tokens are learned than usual."""
    return "assistant_only_loss" if data.completion_only_loss else "completion_only_loss"


def _labelled(data: DataSettings, named: NamedTask | None) -> Callable[[Sequence[str | float]], Labelled]:
    """What is learned of the rows' labels: a named task's own, or what the settings say of files."""
    if _loss_on(data) != USUAL_LOSS:
        raise UsageError(
            f"`{_unusual(data)}` is of a language model's rows, and these have labels; leave it out."
        )
    numbers = data.objective == "regression" if named is None else named.regression
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


def _title(data: DataSettings) -> str:
    """What a task is called: as given, by its name, or a file's folder and file, ``mrpc/train``, shown as
    text."""
    if (given := data.task_name or data.task) is not None:
        return given
    if data.train_file is None:
        return DEMO_TASK
    whole = data.train_file.absolute()
    name = f"{whole.parent.name}/{whole.stem}".lstrip("/")
    return printable(name)[-LONGEST_NAME:]
