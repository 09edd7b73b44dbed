"""Every trial is a line over its rungs; how it ended is its look."""

from __future__ import annotations

from search.show.rung_plot import RungCurve, draw_rungs, rung_figure, rung_finding

CURVES = [
    RungCurve(((10, 0.9),), "pruned"),
    RungCurve(((10, 0.8), (30, 0.7), (90, 0.5)), "complete"),
    RungCurve(((10, 0.85), (30, 0.75), (90, 0.65)), "complete", baseline=True),
    RungCurve(((10, 0.8), (30, 0.78)), "running"),
    RungCurve((), "failed"),
]


def test_a_pruned_trial_is_faint_behind_those_that_went_on():
    lines = rung_figure(CURVES, title="t", value="loss").axes[0].lines
    drawn = [tuple(zip(*line.get_data(), strict=True)) for line in lines]
    assert set(drawn) == {curve.points for curve in CURVES}
    assert drawn[0] == CURVES[0].points
    assert lines[0].get_alpha() < 0.5 < lines[-1].get_alpha()


def test_a_baseline_is_dashed_in_a_colour_of_its_own():
    figure = rung_figure(CURVES, title="t", value="loss")
    (dashed,) = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert tuple(zip(*dashed.get_data(), strict=True)) == CURVES[2].points
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["complete", "running", "failed", "pruned", "baseline"]


def test_the_rungs_are_the_ticks():
    axes = rung_figure(CURVES, title="t", value="loss").axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["10", "30", "90"]
    assert axes.get_xscale() == "log"


def test_without_a_trial_the_picture_is_empty(tmp_path):
    draw_rungs([], tmp_path / "a.png", title="t", value="loss")
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_the_sentence_counts_ends_and_names_the_best_at_the_last_rung():
    assert rung_finding(CURVES, value="loss", direction="minimize") == (
        "Learning curves by rung of 5 trials: 1 pruned, 1 failed, 1 running, 2 complete; the best loss after "
        "90 steps is 0.5000, of no baseline."
    )
    assert rung_finding(CURVES, value="accuracy", direction="maximize").endswith("0.6500, of a baseline.")
    assert rung_finding([], value="loss", direction="minimize") == "No trial yet."
    failed = rung_finding(CURVES[-1:], value="loss", direction="minimize")
    assert failed == "Learning curves by rung of 1 trial: 1 failed."
