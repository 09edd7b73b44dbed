"""When no run does better than a model that heeds no text."""

from __future__ import annotations

import math

import pytest

from evaluators.metrics.chance import Chance
from evaluators.training.candidate import Candidate, Evaluation
from evaluators.training.nothing_learned import nothing_learned
from spaces.allocation import Allocation

HALF = Chance(math.log(2), (0.5, 0.5), 100)


def runs(*scores):
    candidate = Candidate(Allocation.of({}), 0, 1e-3)
    return [Evaluation(candidate, metric, loss, None, (), 0.0, 0) for metric, loss in scores]


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


def test_of_a_metric_that_is_better_when_less_the_lowest_answer_is_the_best():
    errors = Chance(2.0, (1.4,), 100)
    direction = {"direction": "minimize"}
    reason = nothing_learned(runs((1.45, 2.1), (1.35, 2.0)), "rmse", errors, **direction)
    assert reason is not None
    assert reason.endswith("nor is rmse (1.4000 on average) clearly below 1.4000")
    assert nothing_learned(runs((1.1, 2.1), (1.2, 2.0)), "rmse", errors, **direction) is None
    assert nothing_learned(runs((1.9, 2.1), (1.8, 2.0)), "rmse", errors, **direction) is not None
    same = runs((3.0, 1.1), (3.0, 1.1), (3.0, 1.1))
    reason = nothing_learned(same, "perplexity", None, **direction)
    assert reason == "every run has the same perplexity, 3.0000"
