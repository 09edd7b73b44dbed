"""Metrics of numbers against their closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from evaluators.metrics.numbers import NUMBER_METRICS

X = np.array([1.0, 2.0, 3.0, 7.0])
Y = np.array([2.0, 1.0, 4.0, 5.0])


def pearson_by_hand(x: np.ndarray, y: np.ndarray) -> float:
    u, v = x - x.mean(), y - y.mean()
    return float((u * v).sum() / math.sqrt((u**2).sum() * (v**2).sum()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pearson", pearson_by_hand(X, Y)),
        ("spearman", 1 - 6 * 2 / (4 * (4**2 - 1))),  # ranks differ by 1 at two places, without ties
        ("pearson_and_spearman", (pearson_by_hand(X, Y) + 0.8) / 2),
    ],
)
def test_a_correlation_is_its_formula(name: str, value: float) -> None:
    assert NUMBER_METRICS[name](X.astype(np.float32), Y.astype(np.float32)) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("name", NUMBER_METRICS)
def test_right_predictions_score_one(name: str) -> None:
    assert NUMBER_METRICS[name](Y, Y) == pytest.approx(1.0)


@pytest.mark.parametrize("name", NUMBER_METRICS)
@pytest.mark.parametrize("rows", [1, 5])
def test_a_constant_prediction_correlates_with_nothing(name: str, rows: int) -> None:
    labels = np.arange(rows)
    assert NUMBER_METRICS[name](np.full(rows, 2), labels) == 0.0
    assert NUMBER_METRICS[name](labels, np.full(rows, 2)) == 0.0


@given(nps.arrays(np.float32, 5, elements=st.floats(-(2.0**100), 2.0**100, width=32)))
def test_a_correlation_is_a_finite_number_between_minus_one_and_one(predictions: np.ndarray) -> None:
    for name in NUMBER_METRICS:
        assert abs(NUMBER_METRICS[name](predictions, np.arange(5.0))) <= 1 + 1e-9


@pytest.mark.parametrize("name", NUMBER_METRICS)
def test_values_that_are_not_finite_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        NUMBER_METRICS[name](np.array([0.0, np.nan, 1.0]), np.arange(3.0))
