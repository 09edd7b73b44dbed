"""The best so far, against the steps of all trials, those that nobody was told of included."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search.live.ladder import Ladder
from search.live.live_trial import LiveTrial, Report
from search.mirror.anytime import AnytimeCurve
from search.sampling.configuration import Configuration
from spaces.allocation import Allocation


def a_trial(number, *values, of_steps=90):
    at = (10, 30, 90)
    reports = tuple(Report(rung, at[rung], of_steps, 0.0, value, value) for rung, value in enumerate(values))
    own = Configuration(Allocation.of({}), 1e-3, "alpha/r")
    return LiveTrial(number, own, (), 0, (), reports, step=at[len(values) - 1] if values else 0)


def test_living_trials_take_their_steps_together():
    curve = AnytimeCurve(Ladder(90, 3, 2), "minimize")
    curve.asked([a_trial(0), a_trial(1)])
    curve.judged([a_trial(0, 0.9), a_trial(1, 0.8)])
    assert curve.steps == 20
    curve.ended([a_trial(0, 0.9)])
    curve.asked([a_trial(2)])
    curve.judged([a_trial(2, 0.85)])  # meanwhile 1 is between two rungs
    assert curve.steps == 10 + 20 + 10
    curve.judged([a_trial(1, 0.8, 0.7)])
    assert curve.steps == 10 + 30 + 20
    assert curve.points == [(20, 0.8), (60, 0.7)]
    curve.ended([replace(a_trial(2, 0.85), step=14)])
    assert curve.steps == 10 + 30 + 14


@pytest.mark.parametrize(
    ("direction", "points"), [("minimize", [(10, 0.9)]), ("maximize", [(10, 0.9), (30, 1.5)])]
)
def test_only_what_is_better_is_a_point(direction, points):
    curve = AnytimeCurve(Ladder(90, 3, 2), direction)
    curve.asked([a_trial(0)])
    curve.judged([a_trial(0, 0.9)])
    curve.judged([a_trial(0, 0.9, 1.5)])
    assert curve.points == points
    figure = curve.figure("title", "loss")
    assert figure["data"][0]["y"] == [*(best for _, best in points), points[-1][1]]
