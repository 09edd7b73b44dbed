"""The tasks that have a name: GLUE's and two of SuperGLUE's, through ``datasets``, and the embedded demo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.hub import hub_answers
from spaces.unknown_name import unknown_name

from .demo import demo_tables
from .hub_rows import GIVE_FILES, hub_splits
from .text_table import TextTable

__all__ = ["GLUE_DATASET", "NAMED_TASKS", "SUPERGLUE_DATASET", "NamedTask", "find_task", "load_glue"]

GLUE_DATASET: Final = "nyu-mll/glue"
SUPERGLUE_DATASET: Final = "aps/super_glue"
_NO_CLASSIFICATION: Final = {  # of the papers' data sets
    "alpaca": "is text to be generated",
    "copa": "asks which of two sentences follows",
}


@dataclass(frozen=True, slots=True)
class NamedTask:
    """Where a task's rows are and how it is scored.

    config: of ``dataset`` on the hub; None for the embedded demo, which needs no hub.
    evaluation_split: the labelled split that is reported on. GLUE's own test labels are hidden.
    positive_label: the one that F1 is of, by GLUE's definition. regression: whether labels are numbers.
    """

    text_columns: tuple[str, ...]
    metric: str
    config: str | None
    evaluation_split: str = "validation"
    dataset: str = GLUE_DATASET
    positive_label: str = "1"
    regression: bool = False

    @property
    def embedded(self) -> bool:
        """Whether the rows come with the ``demo`` extra."""
        return self.config is None


_PAIR: Final = ("sentence1", "sentence2")
_PREMISE: Final = ("premise", "hypothesis")

NAMED_TASKS: Final[Mapping[str, NamedTask]] = MappingProxyType(
    {
        "boolq": NamedTask(("question", "passage"), "accuracy", "boolq", dataset=SUPERGLUE_DATASET),
        "cb": NamedTask(_PREMISE, "accuracy", "cb", dataset=SUPERGLUE_DATASET),
        "cola": NamedTask(("sentence",), "matthews", "cola"),
        "mnli": NamedTask(_PREMISE, "accuracy", "mnli", "validation_matched"),
        "mrpc": NamedTask(_PAIR, "accuracy", "mrpc"),
        "qnli": NamedTask(("question", "sentence"), "accuracy", "qnli"),
        "qqp": NamedTask(("question1", "question2"), "accuracy", "qqp"),
        "rotten_tomatoes": NamedTask(("text",), "accuracy", None, "test"),
        "rte": NamedTask(_PAIR, "accuracy", "rte"),
        "sst2": NamedTask(("sentence",), "accuracy", "sst2"),
        "stsb": NamedTask(_PAIR, "pearson_and_spearman", "stsb", regression=True),
        "wnli": NamedTask(_PAIR, "accuracy", "wnli"),
    }
)


def find_task(name: str) -> NamedTask:
    """The task of that name; raises UsageError where there is none, or it is no sequence classification."""
    if name in _NO_CLASSIFICATION:
        raise UsageError(
            f"`task={name!r}` {_NO_CLASSIFICATION[name]}, which is for language models and no sequence "
            f"classification; leave `objective` out, or choose from {', '.join(sorted(NAMED_TASKS))}."
        )
    if name not in NAMED_TASKS:
        raise unknown_name("task", name, sorted(NAMED_TASKS), more=f", or {GIVE_FILES}")
    return NAMED_TASKS[name]


def load_glue(name: str, *, reachable: Callable[[], bool] = hub_answers) -> tuple[TextTable, TextTable]:
    """(train, dev) tables of a named task; the embedded demo's as well.

    Class labels are the data set's numbers as str, so that ids keep their order and F1 its positive class, 1.
    reachable: whether the hub can be asked.
    Raises UsageError on an unknown name; InputError where the rows cannot be had or have hidden labels.
    """
    task = find_task(name)
    if task.config is None:
        return demo_tables()
    splits = hub_splits(name, task.dataset, task.config, reachable=reachable)
    return _table(splits["train"], task, name), _table(splits[task.evaluation_split], task, name)


def _table(split: Any, task: NamedTask, name: str) -> TextTable:
    labels = list(split["label"])
    if hidden := sum(label == -1 for label in labels) if not task.regression else 0:
        raise InputError(
            f"`task={name!r}`: {hidden} of {counted(len(labels), 'row')} have hidden labels (-1); "
            f"{GIVE_FILES}."
        )
    texts = tuple(zip(*(list(split[column]) for column in task.text_columns), strict=True))
    return TextTable(texts, tuple(float(label) if task.regression else str(label) for label in labels))
