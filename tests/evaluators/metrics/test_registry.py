"""Metrics against their closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from evaluators.metrics.registry import (
    BINARY_METRICS,
    METRICS,
    REGRESSION_METRICS,
    find_metric,
    predictions_from_logits,
)
from spaces.errors import UsageError

# tp = 3, fp = 1, fn = 2, tn = 4
LABELS = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
PREDICTED = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
X = np.array([1.0, 2.0, 3.0, 7.0])
Y = np.array([2.0, 1.0, 4.0, 5.0])


def pearson_by_hand(x: np.ndarray, y: np.ndarray) -> float:
    u, v = x - x.mean(), y - y.mean()
    return float((u * v).sum() / math.sqrt((u**2).sum() * (v**2).sum()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accuracy", 7 / 10),
        ("f1", 2 * 3 / (2 * 3 + 1 + 2)),
        ("f1_macro", (6 / 9 + 8 / 11) / 2),
        ("accuracy_and_f1", (7 / 10 + 6 / 9) / 2),
        ("matthews", (3 * 4 - 1 * 2) / math.sqrt((3 + 1) * (3 + 2) * (4 + 1) * (4 + 2))),
    ],
)
def test_a_class_metric_is_its_formula_of_the_confusion_table(name: str, value: float) -> None:
    assert find_metric(name, positive=1)(PREDICTED, LABELS) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("name", BINARY_METRICS)
def test_what_is_positive_decides_and_not_its_number(name: str, positive: int) -> None:
    swapped = find_metric(name, positive=1 - positive)(1 - PREDICTED, 1 - LABELS)
    assert find_metric(name, positive=positive)(PREDICTED, LABELS) == swapped
    assert find_metric(name, positive=1 - positive)(PREDICTED, LABELS) != swapped


@pytest.mark.parametrize("name", BINARY_METRICS)
def test_no_class_is_positive_by_itself(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name!r} is of one of two classes; say which"):
        find_metric(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pearson", pearson_by_hand(X, Y)),
        ("spearman", 1 - 6 * 2 / (4 * (4**2 - 1))),  # ranks differ by 1 at two places, without ties
        ("pearson_and_spearman", (pearson_by_hand(X, Y) + 0.8) / 2),
    ],
)
def test_a_correlation_is_its_formula(name: str, value: float) -> None:
    assert find_metric(name)(X.astype(np.float32), Y.astype(np.float32)) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("name", [*METRICS, *BINARY_METRICS])
def test_right_predictions_score_one(name: str) -> None:
    assert find_metric(name, positive=0)(LABELS, LABELS) == pytest.approx(1.0)


@pytest.mark.parametrize("name", sorted(REGRESSION_METRICS | {"matthews"}))
@pytest.mark.parametrize("rows", [1, 5])
def test_a_constant_prediction_correlates_with_nothing(name: str, rows: int) -> None:
    labels = np.arange(rows)
    assert METRICS[name](np.full(rows, 2), labels) == 0.0
    assert METRICS[name](labels, np.full(rows, 2)) == 0.0


def test_f1_is_zero_where_the_positive_class_never_occurs() -> None:
    zeros = np.zeros(3, dtype=np.int64)
    assert find_metric("f1", positive=1)(zeros, zeros) == 0.0
    assert find_metric("f1", positive=0)(zeros, zeros) == 1.0


@given(nps.arrays(np.float32, 5, elements=st.floats(-(2.0**100), 2.0**100, width=32)))
def test_a_correlation_is_a_finite_number_between_minus_one_and_one(predictions: np.ndarray) -> None:
    for name in REGRESSION_METRICS:
        assert abs(METRICS[name](predictions, np.arange(5.0))) <= 1 + 1e-9


@pytest.mark.parametrize("name", sorted(REGRESSION_METRICS))
def test_values_that_are_not_finite_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        METRICS[name](np.array([0.0, np.nan, 1.0]), np.arange(3.0))


def test_the_kinds_of_metric_are_names_of_metrics() -> None:
    assert METRICS.keys() > REGRESSION_METRICS
    assert not METRICS.keys() & BINARY_METRICS.keys()


def test_an_unknown_metric_is_refused_with_the_list() -> None:
    with pytest.raises(UsageError, match=r"metric='acc' is unknown; choose one of .*'accuracy'"):
        find_metric("acc")


def test_predictions_are_the_largest_logit_of_each_row() -> None:
    logits = np.array([[0.1, 0.9, 0.0], [2.0, -1.0, 1.0]])
    assert predictions_from_logits(logits, 3).tolist() == [1, 0]


def test_predictions_of_a_regression_are_its_one_output() -> None:
    assert predictions_from_logits(np.array([[0.5], [-2.0]]), 1).tolist() == [0.5, -2.0]


@pytest.mark.parametrize("shape", [(4,), (4, 3)])
def test_logits_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"2 labels need \(n, 2\)"):
        predictions_from_logits(np.zeros(shape), 2)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_logits_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="logits must be finite"):
        predictions_from_logits(np.array([[0.0, value]]), 2)
