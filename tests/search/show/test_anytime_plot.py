"""The best value so far, in steps and rung by rung, and the same in a sentence."""

from __future__ import annotations

from search.show.anytime_plot import RungBest, anytime_figure, anytime_finding, draw_anytime

POINTS = ((10, 0.9), (20, 0.7), (50, 0.6), (90, 0.6))  # the last is where the search stands
WHOLE, EARLY = RungBest(81, 81, POINTS), RungBest(9, 81, ((5, 0.5), (90, 0.5)))


def drawn(*curves):
    return anytime_figure(curves, across="candidate-steps", up="best loss so far", title="sst2")


def said(*curves, up="best loss so far"):
    return anytime_finding(curves, across="candidate-steps", up=up)


def test_a_better_value_is_a_step_down_where_it_was_found():
    axes = drawn(WHOLE).axes[0]
    line, marks = axes.lines
    assert line.get_drawstyle() == "steps-post"
    assert tuple(zip(*line.get_data(), strict=True)) == POINTS
    assert tuple(zip(*marks.get_data(), strict=True)) == POINTS[:-1]
    assert axes.get_xlim()[0] == 0
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("candidate-steps", "best loss so far")


def test_what_was_judged_on_its_way_is_no_part_of_the_line_and_faint():
    figure = drawn(EARLY, WHOLE)
    early, whole, _ = figure.axes[0].lines
    assert early.get_linewidth() < whole.get_linewidth()
    assert early.get_linestyle() != whole.get_linestyle()
    assert tuple(zip(*whole.get_data(), strict=True)) == POINTS
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["after 9 of 81 steps", "trained to the end"]
    assert drawn(WHOLE).legends == []


def test_nothing_yet_is_an_empty_picture(tmp_path):
    draw_anytime([], tmp_path / "a.png", across="steps", up="best loss", title="t")
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_the_sentence_says_how_far_how_often_and_how_soon():
    assert said(WHOLE) == (
        "The best loss so far of trials trained to the end, against candidate-steps: 0.9000 after 10, "
        "bettered 2 times to 0.6000 by 50, half of that by 20, of 90 in all."
    )
    rising = said(RungBest(9, 9, ((1, 0.5), (2_000, 0.6), (2_000, 0.6))), up="best accuracy")
    assert rising.endswith("bettered 1 time to 0.6000 by 2,000, half of that by 2,000, of 2,000 in all.")
    assert said(RungBest(9, 9, POINTS[2:])).endswith("not bettered up to 90.")


def test_the_sentence_is_of_whole_trainings_alone():
    assert "0.5000" not in said(EARLY, WHOLE)
    assert said(EARLY, WHOLE).endswith("; dotted, those judged on their way.")
    assert said(EARLY) == said() == "The best loss so far is not known: no trial was trained to its end."
