"""GLUE's metrics, by scikit-learn and SciPy; more is better in all of them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

from spaces.counted import counted
from spaces.errors import UsageError

__all__ = [
    "BINARY_METRICS",
    "METRICS",
    "REGRESSION_METRICS",
    "BinaryMetric",
    "Metric",
    "check_metric",
    "find_metric",
    "predictions_from_logits",
]


class Metric(Protocol):
    """Takes predictions and labels, each (n,), n >= 1: class ids, or values for regression."""

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
    if _is_constant(predictions) or _is_constant(labels):
        return 0.0
    return float(matthews_corrcoef(labels, predictions))


def pearson(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Pearson correlation, -1 to 1.

    It is undefined where either side is constant. Such a model tells nothing about the rows, so it gets
    0, as GLUE gives for Matthews, not NaN. Raises ValueError where a value is not finite.
    """
    return _correlation(stats.pearsonr, predictions, labels)


def spearman(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Spearman's rank correlation, -1 to 1; constant and non-finite values as in ``pearson``."""
    return _correlation(stats.spearmanr, predictions, labels)


def accuracy_and_f1(predictions: np.ndarray, labels: np.ndarray, *, positive: int) -> float:
    """Mean of accuracy and F1: GLUE's score for MRPC and QQP, whose positive class is 1."""
    return (accuracy(predictions, labels) + f1(predictions, labels, positive=positive)) / 2


def pearson_and_spearman(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Mean of both correlations: GLUE's score for STS-B."""
    return (pearson(predictions, labels) + spearman(predictions, labels)) / 2


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "accuracy": accuracy,
        "f1_macro": f1_macro,
        "matthews": matthews,
        "pearson": pearson,
        "pearson_and_spearman": pearson_and_spearman,
        "spearman": spearman,
    }
)
BINARY_METRICS: Final[Mapping[str, BinaryMetric]] = MappingProxyType(
    {"accuracy_and_f1": accuracy_and_f1, "f1": f1}
)
REGRESSION_METRICS: Final = frozenset({"pearson", "pearson_and_spearman", "spearman"})


def check_metric(name: str) -> None:
    """Raises UsageError where there is no metric of that name."""
    if name not in METRICS and name not in BINARY_METRICS:
        raise UsageError(f"metric={name!r} is unknown; choose one of {sorted({*METRICS, *BINARY_METRICS})}.")


def find_metric(name: str, *, positive: int | None = None) -> Metric:
    """The metric of that name; positive: the class that a BINARY_METRIC is of, which has no default.

    Raises UsageError where there is no such metric, ValueError where it lacks its positive class.
    """
    check_metric(name)
    if name in METRICS:
        return METRICS[name]
    if positive is None:
        raise ValueError(f"metric={name!r} is of one of two classes; say which with positive=.")
    return partial(BINARY_METRICS[name], positive=positive)


def predictions_from_logits(logits: np.ndarray, num_labels: int) -> np.ndarray:
    """Class ids (n,) int64 of logits (n, num_labels); the values (n,) themselves where num_labels is 1.

    Raises ValueError where the shape differs or a logit is not finite.
    """
    if logits.ndim != 2 or logits.shape[1] != num_labels:
        raise ValueError(
            f"logits have shape {logits.shape}; {counted(num_labels, 'label')} need (n, {num_labels})."
        )
    if not np.isfinite(logits).all():
        raise ValueError("logits must be finite; treat the model as diverged before it is scored.")
    return logits[:, 0] if num_labels == 1 else logits.argmax(axis=1)


def _is_constant(values: np.ndarray) -> bool:
    return bool((values == values[0]).all())


class _Statistic(Protocol):
    def __call__(self, x: np.ndarray, y: np.ndarray, /) -> tuple[float, float]: ...


def _correlation(statistic: _Statistic, predictions: np.ndarray, labels: np.ndarray) -> float:
    x, y = predictions.astype(np.float64), labels.astype(np.float64)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("predictions and labels must be finite to be correlated.")
    if _is_constant(x) or _is_constant(y):
        return 0.0
    with warnings.catch_warnings():  # nearly constant predictions: the value is then 0 but for rounding
        warnings.simplefilter("ignore", stats.NearConstantInputWarning)
        value = float(statistic(x, y)[0])
    return value if np.isfinite(value) else 0.0
