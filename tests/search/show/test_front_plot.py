"""Every trial is a point; those that none beats are joined, from left to right."""

from __future__ import annotations

from search.show.front_plot import FrontPlot, draw_front, front_figure

POINTS = ((90.0, 2.0), (99.0, 3.0), (95.0, 1.0), (80.0, 4.0))
PLOT = FrontPlot("params", "loss", POINTS, (POINTS[2], POINTS[3], POINTS[0]), ("a", "b", "c"))


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
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("params", "loss")


def test_it_is_written_as_a_picture(tmp_path):
    draw_front(PLOT, tmp_path / "front.png", title="t")
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")
