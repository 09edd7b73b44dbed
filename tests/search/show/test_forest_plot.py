"""The forest plot lists names by their correlation, fills what is significant and shows the ceiling."""

import numpy as np

from search.show.forest_plot import ForestLine, draw_forest, forest

LINES = (
    ForestLine("params", None, None, None, False),
    ForestLine("snip", 0.2, 0.1, 0.3, False),
    ForestLine("solo", 0.7, 0.6, 0.8, True),
)


def drawn(lines=LINES, ceiling=0.8):
    return forest(lines, title="2.3M", label="with accuracy", ceiling=ceiling).axes[0]


def test_the_best_come_first_and_undefined_ones_last():
    axes = drawn()
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["solo", "snip", "params"]
    written = [text.get_text() for text in axes.texts]
    assert written == ["+0.70 [+0.60, +0.80]", "+0.20 [+0.10, +0.30]", "undefined"]
    bottom, top = axes.get_ylim()
    assert bottom > top  # row 0 is at the top
    assert axes.get_xlabel() == "with accuracy"


def test_only_significant_markers_are_filled_and_undefined_ones_are_none():
    markers = [line for line in drawn().lines if line.get_marker() == "o"]
    filled = [(float(line.get_xdata()[0]), line.get_markerfacecolor() != "white") for line in markers]
    assert filled == [(0.7, True), (0.2, False)]


def vertical(axes):
    """Where the lines across all rows stand."""
    lines = [np.asarray(line.get_xdata(), dtype=float) for line in axes.lines if len(line.get_xdata()) == 2]
    return sorted({x[0] for x in lines if x[0] == x[1]})


def test_lines_stand_at_zero_and_at_both_ceilings():
    assert vertical(drawn()) == [-0.8, 0.0, 0.8]
    assert vertical(drawn(ceiling=None)) == [0.0]


def test_it_writes_a_png_even_without_lines(tmp_path):
    for number, lines in enumerate((LINES, ())):
        draw_forest(lines, tmp_path / f"{number}.png", title="2.3M", label="x", ceiling=None)
        assert (tmp_path / f"{number}.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
