"""Telling classes apart: one class a row, cross-entropy, GLUE's metrics of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from evaluators.base.architectures import ARCHITECTURES
from evaluators.metrics.chance import Chance
from evaluators.metrics.classes import BINARY_METRICS, CLASS_METRICS, find_class_metric
from evaluators.metrics.registry import check_metric
from spaces.counted import all_counted
from spaces.direction import Direction
from spaces.errors import InputError, UsageError
from spaces.objective import Architecture, Batch, Losses
from spaces.printable import quoted_names

from .label_shape import check_label_shape
from .labels import (
    Labels,
    are_fractions,
    ascending_names,
    fractions_note,
    look_alikes,
    one_label_only,
    positive_label,
    said_of,
)
from .sequence_outputs import row_logits, summed_logits
from .task_objective import Labelled, Score

__all__ = ["Classification", "classification"]


@dataclass(frozen=True, slots=True)
class Classification:
    """One of several classes for every row.

    label_names: of the class ids 0, 1, ..., ascending. metric: of ``CLASS_METRICS`` or ``BINARY_METRICS``.
    positive_label: of two labels, the one that F1 is of; a metric of one label must have it.
    """

    label_names: tuple[str, ...]
    metric: str = "accuracy"
    positive_label: str | None = None

    architecture: ClassVar[Architecture] = "sequence_classification"
    direction: ClassVar[Direction] = "maximize"
    rows_apart: ClassVar[bool] = True
    in_percent: ClassVar[bool] = True
    rounding: ClassVar[float] = 0.3  # of a fresh head's logits, which are small, behind a deep body
    problem_type: ClassVar[str] = "single_label_classification"

    def __post_init__(self) -> None:
        lacking = self.positive_label is None and self.metric in BINARY_METRICS
        if lacking or self.positive_label not in (None, *self.label_names):
            raise ValueError(
                f"positive_label={self.positive_label!r} must be one of {self.label_names} for {self.metric}."
            )

    @property
    def metric_label(self) -> str | None:
        return self.positive_label if self.metric in BINARY_METRICS else None

    @property
    def metric_title(self) -> str:
        return self.metric + ("" if self.metric_label is None else f" of {self.metric_label!r}")

    @property
    def num_labels(self) -> int:
        return len(self.label_names)

    def head(self, model: PreTrainedModel) -> Mapping[str, nn.Module]:
        """The classifier."""
        return ARCHITECTURES[self.architecture].head(model)

    def check_model(self, model: PreTrainedModel) -> None:
        """Of its head alone."""
        self.head(model)

    def losses(self, model: PreTrainedModel, batch: Batch) -> Losses:
        return self.losses_of(model(**batch.inputs).logits, batch.labels)

    def targets(self, labels: Tensor) -> Tensor:
        """One a row, none where its label is below zero: -100, which transformers' own loss ignores."""
        check_label_shape(labels, each="row")
        return (labels >= 0).float()

    def outputs(self, model: PreTrainedModel, batch: Batch) -> Tensor:
        """Logits (rows, classes)."""
        return row_logits(model, batch, self.num_labels)

    def total(self, model: PreTrainedModel, inputs: Mapping[str, Tensor]) -> Tensor:
        return summed_logits(model, inputs)

    def classes(self, batch: Batch) -> Tensor:
        return batch.labels

    def losses_of(self, logits: Tensor, labels: Tensor) -> Losses:
        """Cross-entropy of logits (rows, classes) and class ids (rows,)."""
        sums = nn.functional.cross_entropy(logits.float(), labels, reduction="none")
        return Losses(sums, self.targets(labels))

    def comparable(self, outputs: Tensor) -> Tensor:
        return outputs

    def score(self, outputs: Tensor, labels: Labels) -> Score | None:
        assert isinstance(labels, np.ndarray)
        if not torch.isfinite(outputs).all():
            return None
        positive = None if self.positive_label is None else self.label_names.index(self.positive_label)
        metric = find_class_metric(self.metric, positive=positive)
        loss = self.losses_of(outputs, torch.from_numpy(labels)).sums.mean()
        return Score(metric(outputs.numpy().argmax(axis=1), labels), float(loss))

    def chance(self, labels: Labels) -> Chance:
        assert isinstance(labels, np.ndarray)
        count = self.num_labels
        shares = np.bincount(labels, minlength=count) / len(labels)
        scores = [self.score(one.expand(len(labels), count), labels) for one in torch.eye(count)]
        loss = float(-sum(share * np.log(share) for share in shares if share > 0))
        return Chance(loss, tuple(score.metric for score in scores if score is not None), len(labels))

    def encoded(self, labels: Sequence[str | float], part: str) -> np.ndarray:
        """(n,) int64 class ids; raises InputError on a label that no training row has."""
        ids = {name: i for i, name in enumerate(self.label_names)}
        if unseen := sorted({str(label) for label in labels} - ids.keys()):
            numbers = are_fractions([*self.label_names, *unseen])
            remedy = ", or learn numbers: `objective=regression`" if numbers else ""
            raise InputError(
                f"label {unseen[0]!r} of the {part} rows was never seen in training, which has "
                f"{quoted_names(self.label_names)}; add training rows with it, or drop its rows{remedy}."
            )
        return np.array([ids[str(label)] for label in labels], dtype=np.int64)

    def doubts(self, parts: Mapping[str, np.ndarray]) -> list[str]:
        return one_label_only(parts, lambda label: repr(self.label_names[int(label)]), self._where_all_are)

    def _where_all_are(self, label: np.ndarray) -> str:
        missed = self.metric == "f1" and self.label_names[int(label)] != self.positive_label
        if self.metric == "matthews" or missed:
            return f"{self.metric} is 0 there whatever a model predicts"
        return f"{self.metric} is best there for a model that always predicts it"


def classification(
    labels: Sequence[str | float], *, metric: str = "accuracy", positive: str | None = None
) -> Labelled:
    """The classes that the labels of all training rows, at least one, are of.

    metric: of classes. positive: the label that F1 is of; where there are two, by default the rarer, and the
    last name where neither is. Class ids follow the names as ``ascending_names`` sorts them.
    Raises InputError on fewer than two labels; UsageError on a metric or a positive label that cannot mean
    anything here.
    """
    classes = [str(label) for label in labels]
    names = ascending_names(classes)
    if len(names) < 2:
        rows = all_counted(len(labels), "training row")
        raise InputError(f"the label of {rows} is {names[0]!r}; give rows of at least 2 labels.")
    _check_metric(metric, len(names))
    found = positive_label(positive, metric, names, classes)
    remarks = []
    if metric in BINARY_METRICS and found is not None:
        remarks.append(said_of(found, classes, given=positive is not None))
    warnings = (*look_alikes(names), *fractions_note(names))
    return Labelled(Classification(names, metric, found), warnings, tuple(remarks))


def _check_metric(metric: str, count: int) -> None:
    check_metric(metric)
    if metric not in CLASS_METRICS and metric not in BINARY_METRICS:
        raise UsageError(f"`metric={metric!r}` is not for classification; use accuracy.")
    if metric in BINARY_METRICS and count != 2:
        raise UsageError(f"`metric={metric!r}` needs 2 labels, not {count}; use accuracy or f1_macro.")
