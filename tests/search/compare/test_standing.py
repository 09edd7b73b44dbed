"""An arm's numbers by hand, and what failed runs leave."""

from __future__ import annotations

import json

import pytest

from evaluators.training.candidate import Candidate, Course, Evaluation, Trained
from search.compare.arm import Arm
from search.compare.standing import ArmRuns, standings
from spaces.allocation import Allocation


def runs_of(
    label: str, metrics, *, seconds: float = 10.0, end: int = 100, peak: int = 100, budget: int = 100
) -> ArmRuns:
    runs = []
    for seed, metric in enumerate(metrics):
        failure = None if metric is not None else "the loss became nan"
        loss = None if metric is None else 1 - metric
        candidate = Candidate(Allocation.of({"s": 2}), seed, 1e-3)
        evaluation = Evaluation(candidate, metric, loss, failure, (), seconds, 7)
        course = None if failure else Course(candidate.allocation, peak, peak / 2, end, ())
        runs.append(Trained(evaluation, {}, course))
    arm = Arm(label, label, "lora", str(budget), "preserve")
    return ArmRuns(arm, "alpha/r", 1e-3, tuple(runs), budget)


def test_rows_come_best_first_and_failed_arms_last():
    arms = [
        runs_of("lora", (0.7, 0.72, 0.74)),
        runs_of("broken", (None, None, None)),
        runs_of("adalora", (0.8, 0.81, 0.85), seconds=15.0, end=98, peak=150),
    ]
    rows = standings(arms, "lora")
    assert [row.label for row in rows] == ["adalora", "lora", "broken"]
    best, plain, broken = rows
    assert (best.end, best.peak, best.average, best.overhead) == (98, 150, 75.0, 1.5)
    assert best.median == 0.81
    assert best.difference.interval.mean == pytest.approx(0.1, abs=1e-9)
    assert plain.difference is None
    assert broken.metric is None
    assert broken.failures == ("the loss became nan",) * 3
    json.dumps([row.to_json() for row in rows])


def test_p_values_are_corrected_for_all_differences_of_the_table():
    arms = [
        runs_of("lora", (0.7, 0.72, 0.74, 0.71)),
        runs_of("a", (0.8, 0.81, 0.85, 0.80)),
        runs_of("b", (0.71, 0.72, 0.75, 0.73)),
        runs_of("c", (0.7, 0.73, 0.73, 0.72)),
    ]
    rows = {row.label: row for row in standings(arms, "lora")}
    plain = {name: rows[name].difference.p_value for name in "abc"}
    first = min(plain, key=plain.get)
    assert rows[first].difference.p_holm == pytest.approx(min(1.0, 3 * plain[first]))


def test_losses_are_compared_beside_the_metric_and_corrected_by_themselves():
    arms = [
        runs_of("lora", (0.7, 0.72, 0.74)),
        runs_of("a", (0.8, 0.81, 0.85)),
        runs_of("broken", (None, None, None)),
    ]
    rows = {row.label: row for row in standings(arms, "lora")}
    assert rows["lora"].losses == pytest.approx((0.3, 0.28, 0.26))
    assert rows["lora"].loss_difference is rows["broken"].loss_difference is None
    apart = rows["a"].loss_difference  # the loss is 1 - accuracy here
    assert apart.interval.mean == pytest.approx(-rows["a"].difference.interval.mean)
    assert apart.p_holm == apart.p_value == pytest.approx(rows["a"].difference.p_value)
    assert rows["broken"].losses == (None, None, None)


def test_where_less_of_the_metric_is_better_the_lowest_comes_first():
    arms = [runs_of("lora", (7.0, 7.2)), runs_of("worse", (8.0, 8.1)), runs_of("better", (6.0, 6.1))]
    assert [one.label for one in standings(arms, "lora", direction="minimize")] == ["better", "lora", "worse"]
