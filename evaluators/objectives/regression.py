"""Predicting a number a row: squared error, GLUE's correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from evaluators.base.architectures import ARCHITECTURES
from evaluators.metrics.chance import Chance
from evaluators.metrics.numbers import NUMBER_METRICS
from evaluators.metrics.registry import check_metric
from spaces.direction import Direction
from spaces.errors import InputError, UsageError
from spaces.objective import Architecture, Batch, Losses

from .label_shape import check_label_shape
from .labels import Labels, one_label_only
from .sequence_outputs import row_logits, summed_logits
from .task_objective import Labelled, Score

__all__ = ["LARGEST", "Regression", "regression"]

LARGEST: Final = 1e15
"""Of a label, up or down: squared errors must be float32 numbers, also their sum over all rows."""


@dataclass(frozen=True, slots=True)
class Regression:
    """A number for every row. metric: of ``NUMBER_METRICS``."""

    metric: str = "pearson"

    architecture: ClassVar[Architecture] = "sequence_classification"
    direction: ClassVar[Direction] = "maximize"
    rows_apart: ClassVar[bool] = True
    in_percent: ClassVar[bool] = True
    rounding: ClassVar[float] = 0.3  # of a fresh head's values, which are small, behind a deep body
    metric_label: ClassVar[None] = None
    label_names: ClassVar[tuple[str, ...]] = ()
    num_labels: ClassVar[int] = 1
    problem_type: ClassVar[str] = "regression"

    @property
    def metric_title(self) -> str:
        return self.metric

    def head(self, model: PreTrainedModel) -> Mapping[str, nn.Module]:
        """The classifier, of one output."""
        return ARCHITECTURES[self.architecture].head(model)

    def check_model(self, model: PreTrainedModel) -> None:
        """Of its head alone."""
        self.head(model)

    def losses(self, model: PreTrainedModel, batch: Batch) -> Losses:
        return self.losses_of(model(**batch.inputs).logits, batch.labels)

    def targets(self, labels: Tensor) -> Tensor:
        """One a row."""
        check_label_shape(labels, each="row")
        return torch.ones(len(labels), device=labels.device)

    def outputs(self, model: PreTrainedModel, batch: Batch) -> Tensor:
        """The value of each row: (rows, 1)."""
        return row_logits(model, batch, self.num_labels)

    def total(self, model: PreTrainedModel, inputs: Mapping[str, Tensor]) -> Tensor:
        return summed_logits(model, inputs)

    def classes(self, batch: Batch) -> None:
        return None

    def losses_of(self, logits: Tensor, labels: Tensor) -> Losses:
        """Squared error of values (rows, 1) and labels (rows,)."""
        sums = (logits[..., 0].float() - labels.float()).square()
        return Losses(sums, torch.ones_like(sums))

    def comparable(self, outputs: Tensor) -> Tensor:
        return outputs

    def score(self, outputs: Tensor, labels: Labels) -> Score | None:
        assert isinstance(labels, np.ndarray)
        if not torch.isfinite(outputs).all():
            return None
        loss = self.losses_of(outputs, torch.from_numpy(labels)).sums.mean()
        return Score(NUMBER_METRICS[self.metric](outputs[:, 0].numpy(), labels), float(loss))

    def chance(self, labels: Labels) -> Chance:
        assert isinstance(labels, np.ndarray)
        score = self.score(torch.full((len(labels), 1), float(labels.mean())), labels)
        return Chance(float(labels.var()), () if score is None else (score.metric,), len(labels))

    def encoded(self, labels: Sequence[str | float], part: str) -> np.ndarray:
        """(n,) float32 values; raises InputError on a label that is none that float32 can learn."""
        return np.array([_number(label, part) for label in labels], dtype=np.float32)

    def doubts(self, parts: Mapping[str, np.ndarray]) -> list[str]:
        meaning = f"{self.metric} is 0 there whatever a model predicts"
        return one_label_only(parts, lambda label: f"{label:g}", lambda _: meaning)


def regression(labels: Sequence[str | float], *, metric: str = "pearson") -> Labelled:
    """Numbers to predict, whatever they are. Raises UsageError on a metric that is of no numbers."""
    check_metric(metric)
    if metric not in NUMBER_METRICS:
        raise UsageError(f"`metric={metric!r}` is not for regression; use pearson.")
    return Labelled(Regression(metric))


def _number(label: str | float, part: str) -> float:
    try:
        value = float(label)
    except (ValueError, OverflowError):  # the latter of a whole number beyond a double
        value = np.nan
    if not abs(value) <= LARGEST:  # nor NaN
        shown = repr(label) if len(str(label)) <= 40 else f"{str(label)[:40]!r}..."
        raise InputError(
            f"label {shown} of the {part} rows is not a finite number between {-LARGEST:g} and {LARGEST:g}, "
            "which regression needs; mend or drop its row."
        )
    return value
