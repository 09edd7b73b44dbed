"""What a task asks of its objective beyond learning: how the model is loaded, and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.metrics.chance import Chance
from spaces.objective import Architecture, Losses, Objective

from .labels import Labels

__all__ = ["LabelObjective", "Labelled", "Score", "TaskObjective"]


class Score(NamedTuple):
    """How good outputs are: the task's metric, and the mean loss over all targets.

    beside: other metrics that are told with it, (name, value) each; an objective has the same ones always.
    """

    metric: float
    loss: float
    beside: tuple[tuple[str, float], ...] = ()


class TaskObjective(Objective, Protocol):
    """An objective with a metric, which tells rows apart.

    architecture: the class of the model that it is asked of. metric: its name. in_percent: whether papers
    print it times 100, as a share or a correlation. metric_label: the label that the metric is of, where it
    is of one. metric_title: the metric as a person must know it: whose F1 it is. label_names: of the class
    ids 0, 1, ...; empty where labels are no classes. num_labels: outputs of the head that the model is loaded
    with; None where it has no head of its own. problem_type: how transformers names the loss, where it must
    be told. rounding: how far 16 bits may move what is ``comparable``, of the largest.
    """

    @property
    def architecture(self) -> Architecture: ...
    @property
    def metric(self) -> str: ...
    @property
    def in_percent(self) -> bool: ...
    @property
    def rounding(self) -> float: ...
    @property
    def metric_label(self) -> str | None: ...
    @property
    def metric_title(self) -> str: ...
    @property
    def label_names(self) -> tuple[str, ...]: ...
    @property
    def num_labels(self) -> int | None: ...
    @property
    def problem_type(self) -> str | None: ...

    def check_model(self, model: PreTrainedModel) -> None:
        """Raises InputError where the model is none that can be asked; it may be run on a few tokens."""

    def losses_of(self, logits: Tensor, labels: Tensor) -> Losses:
        """Of what the model's own forward pass gave, whole: (rows, labels), or (rows, tokens, vocabulary)."""

    def comparable(self, outputs: Tensor) -> Tensor:
        """Of ``outputs``, (rows, k), what rounding moves but a little, whatever the row: (rows, j)."""

    def score(self, outputs: Tensor, labels: Labels) -> Score | None:
        """Of the outputs of all rows, (rows, k) on the CPU, in the order of their labels; None where they are
        not finite."""

    def chance(self, labels: Labels) -> Chance | None:
        """What answers that heed no text reach on rows with these labels; None where that means nothing."""


class LabelObjective(TaskObjective, Protocol):
    """An objective of rows that have one label each, a cell of a table."""

    def encoded(self, labels: Sequence[str | float], part: str) -> np.ndarray:
        """The labels of one part as they are learned: (n,); raises InputError on one that cannot be."""

    def doubts(self, parts: Mapping[str, np.ndarray]) -> list[str]:
        """Sentences without which numbers may be misread. parts: encoded labels by the name of the part."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What the labels of a table's training rows make of an objective.

    warnings: sentences that a person should see at once. remarks: others without which its numbers may be
    misread.
    """

    objective: LabelObjective
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
