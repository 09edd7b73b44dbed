"""Regret curves show the best handful, the parameter count and, where it is known, chance."""

import pytest

from search.study.display.regret_plot import draw_regret, regret_curves
from search.study.judging.report_card import AtK, Estimate


@pytest.fixture
def report(make_card, make_report):
    """Seven proxies in no order, one undefined, and the undefined parameter count."""
    cards = [make_card(f"p{i}", rho) for i, rho in enumerate((0.1, 0.5, 0.3, 0.7, 0.2, 0.6, None))]
    return make_report(*cards, make_card("params", None))


def names(figure):
    """The legend, in order."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_five_best_come_first_and_then_params(report):
    assert names(regret_curves(report)) == ["p3", "p5", "p1", "p2", "p4", "params"]


def test_chance_is_drawn_where_it_is_known(report):
    figure = regret_curves(report, chance={1: 0.03, 5: 0.02, 10: 0.01})
    assert names(figure)[-1] == "random choice, expected"
    assert list(figure.axes[0].lines[-1].get_ydata()) == [0.03, 0.02, 0.01]


def test_every_k_has_its_place_and_markers_of_one_k_stand_side_by_side(report):
    axes = regret_curves(report).axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "5", "10"]
    assert list(axes.lines[0].get_ydata()) == pytest.approx([0.012, 0.0024, 0.0012])
    at_1 = [line.get_xdata()[0] for line in axes.lines]
    assert len(set(at_1)) == 6
    assert max(map(abs, at_1)) < 0.5


def test_undefined_regret_leaves_a_gap(make_card, make_report):
    unknown = Estimate(None, None, None)
    known = AtK(5, unknown, Estimate(0.2, None, None), unknown)
    card = make_card("solo", 0.7, at_k=(AtK(1, unknown, unknown, unknown), known))
    (line,) = regret_curves(make_report(card)).axes[0].lines
    assert list(line.get_ydata()) == [0.2]


def test_it_writes_a_png_even_without_proxies(report, make_report, tmp_path):
    for number, each in enumerate((report, make_report())):
        draw_regret(each, tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
