"""Metrics of classes against their closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evaluators.metrics.classes import BINARY_METRICS, CLASS_METRICS, find_class_metric

# tp = 3, fp = 1, fn = 2, tn = 4
LABELS = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
PREDICTED = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0])


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
    assert find_class_metric(name, positive=1)(PREDICTED, LABELS) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("name", BINARY_METRICS)
def test_what_is_positive_decides_and_not_its_number(name: str, positive: int) -> None:
    swapped = find_class_metric(name, positive=1 - positive)(1 - PREDICTED, 1 - LABELS)
    assert find_class_metric(name, positive=positive)(PREDICTED, LABELS) == swapped
    assert find_class_metric(name, positive=1 - positive)(PREDICTED, LABELS) != swapped


@pytest.mark.parametrize("name", BINARY_METRICS)
def test_no_class_is_positive_by_itself(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name!r} is of one of two classes; say which"):
        find_class_metric(name)


@pytest.mark.parametrize("name", [*CLASS_METRICS, *BINARY_METRICS])
def test_right_predictions_score_one(name: str) -> None:
    assert find_class_metric(name, positive=0)(LABELS, LABELS) == pytest.approx(1.0)


@pytest.mark.parametrize("rows", [1, 5])
def test_a_constant_prediction_has_a_matthews_correlation_of_zero(rows: int) -> None:
    labels = np.arange(rows)
    assert CLASS_METRICS["matthews"](np.full(rows, 2), labels) == 0.0
    assert CLASS_METRICS["matthews"](labels, np.full(rows, 2)) == 0.0


def test_f1_is_zero_where_the_positive_class_never_occurs() -> None:
    zeros = np.zeros(3, dtype=np.int64)
    assert find_class_metric("f1", positive=1)(zeros, zeros) == 0.0
    assert find_class_metric("f1", positive=0)(zeros, zeros) == 1.0
