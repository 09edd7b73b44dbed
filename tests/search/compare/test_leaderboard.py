"""The leaderboard's numbers against SciPy and by hand, and what failed runs leave."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from evaluators.training.candidate import Candidate, Course, Evaluation, Trained
from search.compare.arm import Arm
from search.compare.leaderboard import ArmRuns, difference, leaderboard
from spaces.allocation import Allocation


def runs_of(label: str, metrics, *, seconds: float = 10.0, end: int = 100, peak: int = 100) -> ArmRuns:
    runs = []
    for seed, metric in enumerate(metrics):
        failure = None if metric is not None else "the loss became nan"
        loss = None if metric is None else 1 - metric
        candidate = Candidate(Allocation.of({"s": 2}), seed, 1e-3)
        evaluation = Evaluation(candidate, metric, loss, failure, (), seconds, 7)
        course = None if failure else Course(candidate.allocation, peak, peak / 2, end, ())
        runs.append(Trained(evaluation, {}, course))
    return ArmRuns(Arm(label, label, "lora", "r=2", "preserve"), "alpha/r", 1e-3, tuple(runs))


def test_differences_are_paired_by_seed_and_their_p_is_scipys():
    a, b = (0.81, 0.79, 0.86, 0.84), (0.80, 0.80, 0.81, 0.80)
    found = difference(a, b)
    test = stats.ttest_rel(a, b)
    assert found.p_value == pytest.approx(test.pvalue)
    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert found.bootstrap.mean == pytest.approx(np.subtract(a, b).mean())
    assert found.interval.low < found.bootstrap.low < found.bootstrap.high < found.interval.high


def test_the_bootstrap_interval_is_the_percentiles_of_resampled_means():
    a, b = (0.9, 0.7, 0.8, 0.85, 0.95), (0.8, 0.7, 0.75, 0.7, 0.9)
    deltas, rng = np.subtract(a, b), np.random.default_rng(1)
    means = rng.choice(deltas, (20000, 5)).mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    found = difference(a, b).bootstrap
    assert (found.low, found.high) == pytest.approx((low, high), abs=4e-3)


def test_a_seed_that_failed_on_either_side_is_left_out_of_the_pair():
    found = difference((0.8, None, 0.9), (0.7, 0.6, None))
    assert found.interval.mean == pytest.approx(0.1)
    assert found.interval.low is None
    assert difference((None,), (0.7,)) is None


def test_rows_come_best_first_and_failed_arms_last():
    arms = [
        runs_of("lora", (0.7, 0.72, 0.74)),
        runs_of("broken", (None, None, None)),
        runs_of("adalora", (0.8, 0.81, 0.85), seconds=15.0, end=98, peak=150),
    ]
    rows = leaderboard(arms, "lora")
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
    rows = {row.label: row for row in leaderboard(arms, "lora")}
    plain = {name: rows[name].difference.p_value for name in "abc"}
    first = min(plain, key=plain.get)
    assert rows[first].difference.p_holm == pytest.approx(min(1.0, 3 * plain[first]))
