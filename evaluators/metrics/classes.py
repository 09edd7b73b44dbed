"""How good predicted classes are, by scikit-learn; more is better in all of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

__all__ = ["BINARY_METRICS", "CLASS_METRICS", "BinaryMetric", "ClassMetric", "find_class_metric"]


class ClassMetric(Protocol):
    """Takes predictions and labels, class ids, each (n,), n >= 1."""

    def __call__(self, predictions: np.ndarray, labels: np.ndarray) -> float: ...


class BinaryMetric(Protocol):
    """The same of two classes, of which ``positive`` is the id of the one that is to be found."""

    def __call__(self, predictions: np.ndarray, labels: np.ndarray, *, positive: int) -> float: ...


def accuracy(predictions: np.ndarray, labels: np.ndarray) -> float:
    """The share of rows whose class is right, 0 to 1."""
    return float(accuracy_score(labels, predictions))


def f1(predictions: np.ndarray, labels: np.ndarray, *, positive: int) -> float:
    """F1 of the positive class, 0 to 1; 0 where it never occurs."""
    return float(f1_score(labels == positive, predictions == positive, zero_division=0.0))


def f1_macro(predictions: np.ndarray, labels: np.ndarray) -> float:
    """The mean of every class's F1, 0 to 1, over the classes that occur."""
    return float(f1_score(labels, predictions, average="macro", zero_division=0.0))


def matthews(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Matthews correlation, -1 to 1; 0, by GLUE's convention, where either side has one class only."""
    if np.ptp(predictions) == 0 or np.ptp(labels) == 0:
        return 0.0
    return float(matthews_corrcoef(labels, predictions))


def accuracy_and_f1(predictions: np.ndarray, labels: np.ndarray, *, positive: int) -> float:
    """Mean of accuracy and F1: GLUE's score for MRPC and QQP, whose positive class is 1."""
    return (accuracy(predictions, labels) + f1(predictions, labels, positive=positive)) / 2


CLASS_METRICS: Final[Mapping[str, ClassMetric]] = MappingProxyType(
    {"accuracy": accuracy, "f1_macro": f1_macro, "matthews": matthews}
)
BINARY_METRICS: Final[Mapping[str, BinaryMetric]] = MappingProxyType(
    {"accuracy_and_f1": accuracy_and_f1, "f1": f1}
)


def find_class_metric(name: str, *, positive: int | None = None) -> ClassMetric:
    """The metric of that name; positive: the class that a BINARY_METRIC is of, which has no default.

    Raises KeyError where there is no such metric, ValueError where it lacks its positive class.
    """
    if name in CLASS_METRICS:
        return CLASS_METRICS[name]
    if positive is None:
        raise ValueError(f"metric={name!r} is of one of two classes; say which with positive=.")
    return partial(BINARY_METRICS[name], positive=positive)
