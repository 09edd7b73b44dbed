"""Regret curves show what they are given, the baseline and, where it is known, chance."""

import pytest

from search.show.regret_plot import RegretCurve, RegretPoint, draw_regret, regret_curves


def curve(name, *ks):
    return RegretCurve(name, tuple(RegretPoint(k, 0.012 / k, 0.0, 0.03 / k) for k in ks))


CURVES = [curve(f"p{i}", 1, 5, 10) for i in range(5)]
PARAMS = curve("params", 1, 5, 10)


def drawn(curves=CURVES, baseline=PARAMS, chance=None):
    return regret_curves(curves, title="2.3M", unit="accuracy", baseline=baseline, chance=chance or {})


def names(figure):
    """The legend, in order."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_baseline_comes_after_the_others_and_chance_last_where_it_is_known():
    assert names(drawn()) == ["p0", "p1", "p2", "p3", "p4", "params"]
    figure = drawn(chance={1: 0.03, 5: 0.02, 10: 0.01})
    assert names(figure)[-1] == "random choice, expected"
    assert list(figure.axes[0].lines[-1].get_ydata()) == [0.03, 0.02, 0.01]
    assert names(drawn(baseline=None)) == ["p0", "p1", "p2", "p3", "p4"]


def test_every_k_has_its_place_and_markers_of_one_k_stand_side_by_side():
    axes = drawn().axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "5", "10"]
    assert list(axes.lines[0].get_ydata()) == pytest.approx([0.012, 0.0024, 0.0012])
    at_1 = [line.get_xdata()[0] for line in axes.lines]
    assert len(set(at_1)) == 6
    assert max(map(abs, at_1)) < 0.5


def test_a_point_without_an_interval_is_drawn_alone():
    point = RegretCurve("solo", (RegretPoint(5, 0.2, None, None),))
    axes = drawn([point], None).axes[0]
    assert list(axes.lines[0].get_ydata()) == [0.2]
    (segment,) = axes.collections[0].get_segments()
    assert segment[:, 1].tolist() == [0.2, 0.2]


def test_it_writes_a_png_even_without_curves(tmp_path):
    for number, curves in enumerate((CURVES, [])):
        path = tmp_path / f"{number}.png"
        draw_regret(curves, path, title="2.3M", unit="accuracy", baseline=None, chance={})
        assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
