"""From options to the model, the task and the devices of a run."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from evaluators.base.base_model import ModelSource, load_tokenizer
from evaluators.data.demo import MODEL_NAME, demo_model_folder
from evaluators.data.language_task import build_language_task
from evaluators.data.named_tasks import NamedTask, find_task, load_glue
from evaluators.data.passages import Passages
from evaluators.data.read_table import read_table
from evaluators.data.task import Task, TextTable, build_task
from evaluators.metrics.classes import BINARY_METRICS
from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.classification import classification
from evaluators.objectives.regression import regression
from evaluators.objectives.task_objective import Labelled
from search.cli.options import LONGEST_NAME, Options
from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.printable import printable

__all__ = ["Inputs", "load_inputs", "resolve_devices"]

_log = logging.getLogger(__name__)
_DEMO_TASK = "rotten_tomatoes"
_DEMO_TRAIN_ROWS, _DEMO_EVAL_ROWS = 512, 320  # so that the default run ends within minutes on two cores
_DEMO_LEARNING_RATE, _LEARNING_RATE = 3e-3, 5e-4


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """base: the model as a reader should know it. source: where it is loaded from.
    learning_rate: where the options name none.
    """

    base: str
    source: ModelSource
    task: Task
    learning_rate: float


def load_inputs(options: Options) -> Inputs:
    """The tokenised task and the model to load; raises InputError or UsageError on what cannot be used."""
    name = _DEMO_TASK if options.task is None else options.task
    own_files = options.train_file is not None
    named = None if own_files else find_task(name)
    folder = str(demo_model_folder()) if options.model is None else options.model
    _log.info("loading  the rows, and the tokenizer of %s", options.model or MODEL_NAME)
    train, test = _tables(options, name)
    embedded = named is not None and named.embedded
    title = name if options.train_file is None else _title(options.train_file, options.task_name)
    if isinstance(train, Passages) and isinstance(test, Passages):
        build = partial(build_language_task, title, _of_language(options), train, test)
    elif isinstance(train, TextTable) and isinstance(test, TextTable):
        build = partial(build_task, title, _labelled(options, named), train, test)
    else:
        raise InputError(
            "one file has labelled texts and the other rows of a language model; give both the same columns."
        )
    task = build(
        load_tokenizer(folder),
        max_length=options.max_length,
        train_rows=options.train_rows or (_DEMO_TRAIN_ROWS if embedded else None),
        eval_rows=options.eval_rows or (_DEMO_EVAL_ROWS if embedded else None),
    )
    base = MODEL_NAME if options.model is None else options.model
    learning_rate = _DEMO_LEARNING_RATE if embedded else _LEARNING_RATE
    objective = task.objective
    source = ModelSource(folder, objective.num_labels, options.dtype, objective.architecture)
    return Inputs(base, source, task, learning_rate)


def _of_language(options: Options) -> CausalLM:
    """What is learned of rows without labels; raises UsageError on what only labels could mean."""
    rows = "these rows have no labels, but texts that a language model is to learn"
    if options.model is None:
        raise UsageError(f"{rows}: name a decoder with `model`, or a `label_column` of the files.")
    if options.regression or options.positive_label is not None:
        given = "regression" if options.regression else "positive_label"
        raise UsageError(f"{rows}: leave `{given}` out, or name a `label_column` of the files.")
    return CausalLM() if options.metric is None else CausalLM(options.metric)


def _labelled(options: Options, named: NamedTask | None) -> Callable[[Sequence[str | float]], Labelled]:
    """What is learned of the rows' labels: a named task's own, or what the options say of files."""
    numbers = options.regression if named is None else named.regression
    default = named.metric if named else "pearson" if numbers else "accuracy"
    metric = default if options.metric is None else options.metric
    positive = options.positive_label
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


def _tables(options: Options, name: str) -> tuple[TextTable | Passages, TextTable | Passages]:
    if options.train_file is None or options.eval_file is None:
        return load_glue(name)
    text, label = options.text_columns, options.label_column
    train = read_table(options.train_file, text_columns=text, label_column=label)
    return train, read_table(options.eval_file, text_columns=text, label_column=label)


def resolve_devices(device: str, devices: Sequence[str] | None) -> tuple[str, ...]:
    """The devices to train on, the first of which also scores; raises UsageError on one that is not there."""
    if devices is None:
        devices = (_best_device() if device == "auto" else device,)
    for name in devices:
        _check_device(name)
    return tuple(devices)


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda:0"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _check_device(name: str) -> None:
    match = re.fullmatch(r"cpu|mps|cuda(?::([0-9]{1,4}))?", name)
    if not match:
        raise UsageError(f"device={name!r} is unknown; use auto, cpu, cuda, cuda:1 or mps.")
    if name.startswith("cuda") and int(match[1] or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"device={name!r}: this machine has {counted(torch.cuda.device_count(), 'CUDA device')}; "
            "use --device auto or cpu."
        )
    if name == "mps" and not torch.backends.mps.is_available():
        raise UsageError("device='mps' is not available on this machine; use --device auto or cpu.")
