"""Scatter plots have a panel per proxy, rho in its title, and a legend of the groups that occur."""

import numpy as np
import pytest

from search.study.display.scatter_plots import draw_scatters, scatters

TRUTH = np.array([[0.1, 0.3], [0.5, 0.5], [0.6, 0.8], [0.9, 0.9]])
KINDS = ("uniform", "random", "random", "proxy pick")
POINTS = {
    "good": np.array([1.0, 2.0, 3.0, 4.0]),
    "bad": np.array([4.0, 3.0, 2.0, 1.0]),
    "flat": np.ones(4),
    "wide": np.array([1.0, 1e3, 1e6, 1e9]),
    "fifth": np.array([-1.0, 2.0, 1e9, 4.0]),
}


@pytest.fixture
def figure():
    """Five proxies over four allocations and two seeds."""
    return scatters(POINTS, TRUTH, truth_label="accuracy", kinds=KINDS)


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


def test_one_seed_has_no_spread():
    figure = scatters({"good": POINTS["good"]}, TRUTH[:, :1], truth_label="accuracy", kinds=KINDS)
    low, high = figure.axes[0].collections[0].get_segments()[1][:, 1]
    assert low == high == 0.5


def test_the_legend_names_the_groups_that_occur_once(figure):
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["uniform", "proxy pick", "random"]


def test_only_positive_scores_over_many_magnitudes_get_a_logarithmic_axis(figure):
    scales = [axes.get_xscale() for axes in figure.axes if axes.get_visible()]
    assert scales == ["linear", "linear", "linear", "log", "linear"]


def test_what_does_not_pair_up_is_refused():
    with pytest.raises(ValueError, match=r"lengths .* differ"):
        scatters({"good": np.ones(3)}, TRUTH, truth_label="accuracy", kinds=KINDS)
    with pytest.raises(ValueError, match=r"kinds \['odd'\] are unknown"):
        scatters(POINTS, TRUTH, truth_label="accuracy", kinds=("odd", *KINDS[1:]))
    with pytest.raises(ValueError, match="no proxy to draw"):
        scatters({}, TRUTH, truth_label="accuracy", kinds=KINDS)
    with pytest.raises(ValueError, match="finite"):
        scatters({"good": np.full(4, np.nan)}, TRUTH, truth_label="accuracy", kinds=KINDS)


def test_it_writes_a_png(tmp_path):
    draw_scatters(POINTS, TRUTH, tmp_path / "scatter.png", truth_label="accuracy", kinds=KINDS)
    assert (tmp_path / "scatter.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
