"""The best value so far, in steps, and the same in a sentence."""

from __future__ import annotations

from search.show.anytime_plot import anytime_figure, anytime_finding, draw_anytime

POINTS = [(10, 0.9), (20, 0.7), (50, 0.6), (90, 0.6)]


def drawn(curves):
    return anytime_figure(curves, across="candidate-steps", up="best loss so far", title="sst2")


def test_a_better_value_is_a_step_down_where_it_was_found():
    axes = drawn({"ours": POINTS}).axes[0]
    line = axes.lines[0]
    assert line.get_drawstyle() == "steps-post"
    assert list(zip(*line.get_data(), strict=True)) == POINTS
    assert axes.get_xlim()[0] == 0
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("candidate-steps", "best loss so far")


def test_several_searches_have_colours_and_names_and_one_needs_none():
    figure = drawn({"ours": POINTS, "random": POINTS[1:]})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["ours", "random"]
    lines = figure.axes[0].lines
    assert len({line.get_color() for line in lines}) == 2
    assert drawn({"ours": POINTS}).legends == []


def test_nothing_yet_is_an_empty_picture(tmp_path):
    draw_anytime({"ours": []}, tmp_path / "a.png", across="steps", up="best loss", title="t")
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_the_sentence_says_how_far_how_often_and_how_soon():
    said = anytime_finding(POINTS, across="candidate-steps", up="best loss so far")
    assert said == (
        "The best loss so far against candidate-steps: 0.9000 after 10, bettered 2 times to 0.6000 by 90; "
        "half of that by 20."
    )
    rising = anytime_finding([(1, 0.5), (2_000, 0.6)], across="steps", up="best accuracy")
    assert rising.endswith("bettered once to 0.6000 by 2,000; half of that by 2,000.")
    assert anytime_finding(POINTS[2:], across="steps", up="x").endswith("not bettered up to 90.")
    assert anytime_finding([], across="steps", up="best loss") == "Nothing is known yet of the best loss."
