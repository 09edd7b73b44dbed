"""Scatter plots have a panel per proxy, rho in its title, and a legend of the groups that occur."""

import numpy as np
import pytest

from search.show.scatter_plots import Look, Truths, draw_scatters, scatters

LOOKS = {
    "random": Look("#8a8f98", "o", 13),
    "proxy pick": Look("#0072b2", "D", 14),
    "one site": Look("#56b4e9", "P", 20),
    "uniform": Look("#d55e00", "*", 95),
}
MEAN, SD = np.array([0.2, 0.5, 0.7, 0.9]), np.array([0.02**0.5, 0.0, 0.02**0.5, 0.0])
TRUTHS = Truths(MEAN, SD, ("uniform", "random", "random", "proxy pick"), "accuracy")
POINTS = {
    "good": np.array([1.0, 2.0, 3.0, 4.0]),
    "bad": np.array([4.0, 3.0, 2.0, 1.0]),
    "flat": np.ones(4),
    "wide": np.array([1.0, 1e3, 1e6, 1e9]),
    "fifth": np.array([-1.0, 2.0, 1e9, 4.0]),
}


@pytest.fixture
def figure():
    """Five proxies over four allocations."""
    return scatters(POINTS, TRUTHS, LOOKS)


def test_each_panel_is_titled_with_the_proxy_and_its_rho(figure):
    titles = [axes.get_title() for axes in figure.axes if axes.get_visible()]
    assert titles[:3] == ["good\nρ = +1.00", "bad\nρ = -1.00", "flat\nρ undefined"]
    assert len(titles) == 5


def test_points_stand_at_score_and_mean_truth_with_a_bar_of_their_sd(figure):
    bars, *groups = figure.axes[1].collections
    points = np.concatenate([group.get_offsets() for group in groups])
    assert sorted(map(tuple, points.tolist())) == [(1.0, 0.9), (2.0, 0.7), (3.0, 0.5), (4.0, 0.2)]
    (x, low), (_, high) = bars.get_segments()[0]
    assert (x, low, high) == (4.0, pytest.approx(0.2 - 0.02**0.5), pytest.approx(0.2 + 0.02**0.5))


def test_the_legend_names_the_groups_that_occur_once(figure):
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["uniform", "proxy pick", "random"]


def test_only_positive_scores_over_many_magnitudes_get_a_logarithmic_axis(figure):
    scales = [axes.get_xscale() for axes in figure.axes if axes.get_visible()]
    assert scales == ["linear", "linear", "linear", "log", "linear"]


def test_what_does_not_pair_up_is_refused():
    with pytest.raises(ValueError, match=r"lengths .* differ"):
        scatters({"good": np.ones(3)}, TRUTHS, LOOKS)
    with pytest.raises(ValueError, match=r"groups \['uniform'\] have no look"):
        scatters(POINTS, TRUTHS, {name: LOOKS[name] for name in LOOKS if name != "uniform"})
    with pytest.raises(ValueError, match="no proxy to draw"):
        scatters({}, TRUTHS, LOOKS)
    with pytest.raises(ValueError, match="finite"):
        scatters({"good": np.full(4, np.nan)}, TRUTHS, LOOKS)


def test_it_writes_a_png(tmp_path):
    draw_scatters(POINTS, TRUTHS, LOOKS, tmp_path / "scatter.png")
    assert (tmp_path / "scatter.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
