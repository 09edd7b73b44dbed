"""How good predicted numbers are, by SciPy; more is better in all of them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
from scipy import stats

__all__ = ["NUMBER_METRICS", "NumberMetric"]


class NumberMetric(Protocol):
    """Takes predictions and labels, values, each (n,), n >= 1."""

    def __call__(self, predictions: np.ndarray, labels: np.ndarray) -> float: ...


def pearson(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Pearson correlation, -1 to 1.

    It is undefined where either side is constant. Such a model tells nothing about the rows, so it gets
    0, as GLUE gives for Matthews, not NaN. Raises ValueError where a value is not finite.
    """
    return _correlation(stats.pearsonr, predictions, labels)


def spearman(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Spearman's rank correlation, -1 to 1; constant and non-finite values as in ``pearson``."""
    return _correlation(stats.spearmanr, predictions, labels)


def pearson_and_spearman(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Mean of both correlations: GLUE's score for STS-B."""
    return (pearson(predictions, labels) + spearman(predictions, labels)) / 2


NUMBER_METRICS: Final[Mapping[str, NumberMetric]] = MappingProxyType(
    {"pearson": pearson, "pearson_and_spearman": pearson_and_spearman, "spearman": spearman}
)


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
