"""Every trial is a point; those that none beats are joined, from left to right."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from search.show.front_plot import FrontPlot, draw_front, front_figure, front_finding

POINTS = ((90.0, 2.0), (99.0, 3.0), (95.0, 1.0), (80.0, 4.0))
PLOT = FrontPlot(
    "parameters", "loss", "minimize", "minimize", POINTS, (POINTS[2], POINTS[3], POINTS[0]), ("a", "b", "c")
)


def test_the_front_is_joined_from_left_to_right_in_whatever_order_it_comes():
    axes = front_figure(PLOT, title="t").axes[0]
    every, front = (tuple(zip(*line.get_data(), strict=True)) for line in axes.lines)
    assert every == POINTS
    assert front == (POINTS[3], POINTS[0], POINTS[2])
    assert axes.lines[1].get_drawstyle() == "steps-post"


def test_each_point_of_it_has_its_name():
    axes = front_figure(PLOT, title="t").axes[0]
    assert {text.get_text(): text.xy for text in axes.texts} == {
        "a": POINTS[2],
        "b": POINTS[3],
        "c": POINTS[0],
    }
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("parameters", "loss")


def test_it_is_written_as_a_picture(tmp_path):
    draw_front(PLOT, tmp_path / "front.png", title="t")
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")


BEST, HALF, TENTH = (4_000.0, 0.5), (1_900.0, 0.51), (400.0, 0.7)


def finding(*front, direction="minimize"):
    names = tuple(map(str, range(len(front))))
    return front_finding(
        FrontPlot("parameters", "loss", direction, "minimize", (*front, (5_000.0, 0.9)), front, names)
    )


def test_its_finding_says_what_less_of_it_costs():
    whole = "of 4 trials trained to the end, 0.5000, takes 4,000 parameters (trial 2)"
    said = finding(TENTH, HALF, BEST)
    half, tenth = "48% of that costs 0.0100 of loss (trial 1)", "10% of that costs 0.2000 of loss (trial 0)"
    assert said == f"The best loss {whole}; {half}, {tenth}."
    assert finding(TENTH, BEST).endswith(f"; {tenth}.")


def test_of_a_long_front_three_points_are_told():
    points = [(400.0 * place, 0.9 - 0.04 * place) for place in range(1, 11)]
    assert re.findall(r"(\d+)% of that", finding(*points)) == ["90", "50", "10"]


@pytest.mark.parametrize(("direction", "best"), [("minimize", "0.5000"), ("maximize", "0.7000")])
def test_the_best_is_the_better(direction, best):
    assert f"trained to the end, {best}, takes" in finding(BEST, (9_000.0, 0.7), direction=direction)


def test_one_that_is_best_in_both_stands_alone():
    assert finding(BEST).endswith("(trial 0); none takes less and beats others.")


def test_of_what_is_better_the_more_there_is_it_says_what_more_costs():
    best, middle, most = (0.80, 0.5), (0.85, 0.52), (0.9, 0.7)
    plot = FrontPlot(
        "accuracy",
        "loss",
        "minimize",
        "maximize",
        (best, middle, most),
        (most, best, middle),
        ("a", "b", "c"),
    )
    assert front_finding(plot) == (
        "The best loss of 3 trials trained to the end, 0.5000, has 0.8 accuracy (trial b); 0.85 costs 0.0200 "
        "of loss (trial c), 0.9 costs 0.2000 of loss (trial a)."
    )
    alone = replace(plot, front=(best,), names=("b",))
    assert front_finding(alone).endswith("has 0.8 accuracy (trial b); none has more and beats others.")
    assert front_figure(plot, title="t").axes[0].lines[1].get_drawstyle() == "steps-pre"


def test_of_several_that_take_the_same_the_better_is_told():
    worse, better = (400.0, 0.8), (400.0, 0.7)  # a third objective keeps both
    assert "10% of that costs 0.2000 of loss (trial 1)" in finding(worse, better, BEST)
