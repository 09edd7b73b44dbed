"""The forest plot lists proxies by Spearman, fills what is significant and shows the ceiling."""

import numpy as np
import pytest

from search.study.display.forest_plot import draw_forest, forest


@pytest.fixture
def report(make_card, make_report):
    """One undefined proxy before a weak and a strong one."""
    return make_report(make_card("params", None), make_card("snip", 0.2), make_card("solo", 0.7))


def texts(figure):
    """Everything written beside the rows."""
    return [text.get_text() for text in figure.axes[0].texts]


def markers(figure):
    """x of each marker and whether it is filled."""
    lines = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    return [(float(line.get_xdata()[0]), line.get_markerfacecolor() != "white") for line in lines]


def test_proxies_come_best_first_and_undefined_ones_last(report):
    figure = forest(report)
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == ["solo", "snip", "params"]
    assert texts(figure) == ["+0.70 [+0.60, +0.80]", "+0.20 [+0.10, +0.30]", "undefined"]
    bottom, top = figure.axes[0].get_ylim()
    assert bottom > top  # row 0 is at the top


def test_only_significant_markers_are_filled_and_undefined_proxies_have_none(report):
    assert markers(forest(report)) == [(0.7, True), (0.2, False)]


def vertical(figure):
    """Where the lines across all rows stand."""
    lines = [
        np.asarray(line.get_xdata(), dtype=float)
        for line in figure.axes[0].lines
        if len(line.get_xdata()) == 2
    ]
    return sorted({x[0] for x in lines if x[0] == x[1]})


def test_lines_stand_at_zero_and_at_both_ceilings(report, make_report):
    assert vertical(forest(report)) == [-0.8, 0.0, 0.8]
    assert vertical(forest(make_report(*report.cards, ceiling=None, reliability=None))) == [0.0]


def test_the_axis_says_which_truth(report, make_report):
    named = make_report(*report.cards, metric="f1 of 'fraud'")
    assert "with f1 of 'fraud'" in forest(named).axes[0].get_xlabel()
    assert "with minus validation loss" in forest(make_report(truth="loss")).axes[0].get_xlabel()


def test_it_writes_a_png_even_without_proxies(report, make_report, tmp_path):
    for number, each in enumerate((report, make_report())):
        draw_forest(each, tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
