"""From settings to the model and the task of a job."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from evaluators.base.base_model import ModelSource, load_tokenizer
from evaluators.data.demo import MODEL_NAME, demo_model_folder
from evaluators.data.named_tasks import find_task, load_glue
from evaluators.data.read_table import read_table
from evaluators.data.task import Task, TextTable, build_task
from evaluators.metrics.registry import BINARY_METRICS
from spaces.printable import printable

from .settings import LONGEST_NAME, DataSettings, ModelSettings

__all__ = ["Inputs", "load_inputs"]

_log = logging.getLogger(__name__)
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


def load_inputs(model: ModelSettings, data: DataSettings) -> Inputs:
    """The tokenised task and the model to load; raises InputError or UsageError on what cannot be used."""
    name = _DEMO_TASK if data.task is None else data.task
    own_files = data.train_file is not None
    named = None if own_files else find_task(name)
    folder = str(demo_model_folder()) if model.model is None else model.model
    _log.info("loading  the rows, and the tokenizer of %s", model.model or MODEL_NAME)
    train, test = _tables(data, name)
    embedded = named is not None and named.embedded
    regression = data.regression if named is None else named.regression
    default = named.metric if named else "pearson" if regression else "accuracy"
    metric = default if data.metric is None else data.metric
    positive = data.positive_label
    if positive is None and named is not None and metric in BINARY_METRICS:
        positive = named.positive_label
    task = build_task(
        name if data.train_file is None else _title(data.train_file, data.task_name),
        metric,
        train,
        test,
        load_tokenizer(folder),
        max_length=data.max_length,
        train_rows=data.train_rows or (_DEMO_TRAIN_ROWS if embedded else None),
        eval_rows=data.eval_rows or (_DEMO_EVAL_ROWS if embedded else None),
        regression=regression,
        positive=positive,
    )
    base = MODEL_NAME if model.model is None else model.model
    learning_rate = _DEMO_LEARNING_RATE if embedded else _LEARNING_RATE
    return Inputs(base, ModelSource(folder, task.num_labels, model.dtype), task, learning_rate)


def _title(file: Path, given: str | None) -> str:
    """What a task of one's own is called: as given, or its folder and file, ``mrpc/train``, shown as text."""
    if given is not None:
        return given
    whole = file.absolute()
    name = f"{whole.parent.name}/{whole.stem}".lstrip("/")
    return printable(name)[-LONGEST_NAME:]


def _tables(data: DataSettings, name: str) -> tuple[TextTable, TextTable]:
    if data.train_file is None or data.eval_file is None:
        return load_glue(name)
    text = data.text_columns
    label = "label" if data.label_column is None else data.label_column
    train = read_table(data.train_file, text_columns=text, label_column=label)
    return train, read_table(data.eval_file, text_columns=text, label_column=label)
