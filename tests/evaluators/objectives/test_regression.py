"""Regression against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from evaluators.objectives.regression import LARGEST, Regression, regression
from spaces.errors import InputError, UsageError

VALUES = np.array([1, 2, 3, 6], dtype=np.float32)


def test_the_loss_of_a_row_is_its_squared_error():
    losses = Regression().losses_of(torch.tensor([[1.5], [0.0]]), torch.tensor([1.0, -2.0]))
    torch.testing.assert_close(losses.sums, torch.tensor([0.25, 4.0]))
    assert losses.counts.tolist() == [1.0, 1.0]


def test_a_score_is_the_correlation_and_the_mean_squared_error():
    outputs = torch.tensor([[1.0], [2.5], [3.0], [5.0]])
    score = Regression().score(outputs, VALUES)
    assert score is not None
    assert score.metric == pytest.approx(np.corrcoef(outputs[:, 0].numpy(), VALUES)[0, 1])
    assert score.loss == pytest.approx((0.25 + 1) / 4)


def test_chance_is_the_variance():
    found = Regression().chance(VALUES)
    assert (found.loss, found.metrics, found.rows) == (pytest.approx(3.5), (0.0,), 4)


def test_a_label_that_float32_cannot_learn_is_named():
    with pytest.raises(InputError, match="label '1e300' of the test rows is not a finite number"):
        Regression().encoded(["1", "1e300"], "test")
    assert Regression().encoded([LARGEST, "-2.5"], "test").dtype == np.float32


def test_a_metric_of_classes_is_refused():
    with pytest.raises(UsageError, match="`metric='accuracy'` is not for regression; use pearson"):
        regression([1.0], metric="accuracy")
    assert regression(["whatever"], metric="spearman").objective == Regression("spearman")
