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
    assert [one.points for one in curve.curves] == [((20, 0.8), (60, 0.8)), ((60, 0.7), (60, 0.7))]
    curve.ended([replace(a_trial(2, 0.85), step=14)])
    assert curve.steps == 10 + 30 + 14


def test_who_comes_after_a_failure_between_two_rungs_has_taken_no_stretch_before():
    curve = AnytimeCurve(Ladder(90, 3, 2), "minimize")
    curve.asked([a_trial(0), a_trial(1)])
    curve.judged([a_trial(0, 0.9), a_trial(1, 0.8)])
    curve.ended([replace(a_trial(1, 0.8), state="failed", failure="it broke", step=14)])
    curve.asked([a_trial(2)])
    assert curve.steps == 20 + 14
    curve.judged([a_trial(0, 0.9, 0.7), a_trial(2, 0.85)])
    assert curve.steps == 30 + 14 + 10


@pytest.mark.parametrize(("direction", "kept"), [("minimize", [0.9]), ("maximize", [0.9, 1.5])])
def test_only_what_is_better_is_a_point(direction, kept):
    curve = AnytimeCurve(Ladder(90, 3, 2), direction)
    curve.asked([a_trial(0)])
    curve.judged([a_trial(0, 0.9)])
    curve.ended([a_trial(0, 0.9)])
    curve.asked([a_trial(1)])
    curve.judged([a_trial(1, 1.5)])
    (early,) = curve.curves
    assert early.points == (*zip((10, 20), kept, strict=False), (20, kept[-1]))


def test_values_of_different_rungs_are_in_different_curves():
    curve = AnytimeCurve(Ladder(90, 3, 2), "minimize")
    curve.asked([a_trial(0)])
    curve.judged([a_trial(0, 0.1)])
    assert curve.best is None
    curve.judged([a_trial(0, 0.1, 0.5)])
    curve.judged([a_trial(0, 0.1, 0.5, 0.9)])  # a loss that rises must not be hidden by one before
    assert curve.best == 0.9
    assert [(one.step, one.is_whole) for one in curve.curves] == [(10, False), (30, False), (90, True)]
    faint, _, bold = curve.figure("title", "loss")["data"]
    assert (bold["name"], bold["x"], bold["y"]) == ("trained to the end", [90, 90], [0.9, 0.9])
    assert faint["name"] == "after 10 of 90 steps"
    assert faint["line"]["width"] < bold["line"]["width"]


def test_the_best_of_those_judged_at_once_is_one_point():
    curve = AnytimeCurve(Ladder(90, 3, 2), "minimize")
    curve.asked([a_trial(0), a_trial(1)])
    curve.judged([a_trial(0, 0.9), a_trial(1, 0.8)])
    assert curve.curves[0].points == ((20, 0.8), (20, 0.8))
    (one,) = curve.figure("title", "loss")["data"]
    assert "markers" in one["mode"]  # a line between one point and itself is nothing to see
