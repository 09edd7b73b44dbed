"""What a model gets that heeds no text, and when no run does better."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.metrics.chance import Chance, chance_of, nothing_learned
from evaluators.training.candidate import Candidate, Evaluation
from spaces.allocation import Allocation

HALF = Chance(math.log(2), (0.5, 0.5), 100)


def task(metric, labels, names=("a", "b")):
    rows = Rows(tuple(np.array([1]) for _ in labels), None, np.array(labels))
    return Task("t", metric, names, rows, rows, rows), rows


def runs(*scores):
    candidate = Candidate(Allocation.of({}), 0, 1e-3)
    return [Evaluation(candidate, metric, loss, None, (), 0.0, 0) for metric, loss in scores]


def test_chance_is_the_entropy_and_what_each_class_gets():
    own, rows = task("accuracy", [0, 0, 0, 1])
    found = chance_of(rows, own)
    assert found.loss == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    assert (found.metrics, found.rows) == ((0.75, 0.25), 4)


def test_of_matthews_and_of_three_classes():
    own, rows = task("matthews", [0, 1, 2, 2], ("a", "b", "c"))
    found = chance_of(rows, own)
    assert found.metrics == (0.0, 0.0, 0.0)


def test_of_a_regression_it_is_the_variance():
    own, rows = task("pearson", np.array([1, 2, 3, 6], dtype=np.float32), ())
    found = chance_of(rows, own)
    assert (found.loss, found.metrics) == (pytest.approx(3.5), (0.0,))


def test_one_answer_in_every_run_is_nothing_learned_whatever_the_loss():
    reason = nothing_learned(runs((0.5, 0.6), (0.5, 0.69)), "accuracy", HALF)
    assert reason == "every run has the accuracy of always giving one answer (0.5000 at best)"


def test_loss_and_metric_both_at_chance_are_nothing_learned():
    reason = nothing_learned(runs((0.53, 0.70), (0.48, 0.71)), "accuracy", HALF)
    assert reason is not None
    assert "no run's loss (0.700 at best) is below that of giving one answer (0.693)" in reason


@pytest.mark.parametrize(
    "scores",
    [
        [(0.53, 0.68), (0.48, 0.71)],  # a loss below chance
        [(0.80, 0.95), (0.82, 0.99)],  # often right, and too sure of itself
        [(0.50, 0.69), (0.71, 0.60)],  # one run that learned
        [(0.50, 0.69)],  # one run's metric alone may be a coincidence
    ],
)
def test_where_a_run_may_have_learned_nothing_is_said(scores):
    assert nothing_learned(runs(*scores), "accuracy", HALF) is None


def test_without_rows_only_runs_that_are_all_the_same_say_so():
    same = runs((0.5, 0.6), (0.5, 0.7), (0.5, 0.8))
    assert nothing_learned(same, "accuracy", None) == "every run has the same accuracy, 0.5000"
    assert nothing_learned(runs((1.0, 0.1), (1.0, 0.1), (1.0, 0.1)), "accuracy", None) is None
    assert nothing_learned(runs((None, None)), "accuracy", HALF) is None
