"""Score maps show each site's rank among all, in one colour scale for all proxies."""

import numpy as np
import pytest

from spaces.show.score_maps import draw_score_maps, rank_share, score_maps


def test_ranks_run_from_0_to_1_and_ties_share_their_mean():
    assert rank_share(np.array([3.0, -1.0, 1e9])).tolist() == [0.5, 0.0, 1.0]
    assert rank_share(np.array([2.0, 2.0, 7.0, 0.0, 9.0])).tolist() == [0.375, 0.375, 0.75, 0.0, 1.0]
    assert rank_share(np.array([4.0])).tolist() == [0.5]


def test_a_score_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="must be finite"):
        rank_share(np.array([1.0, np.nan]))


def test_each_proxy_has_a_map_of_its_ranks(opt_space):
    names = [site.name for site in opt_space.sites]
    scores = {"up": np.arange(143.0), "steep": np.exp(np.arange(143.0)), "down": -np.arange(143.0)}
    figure = score_maps(scores, opt_space)
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["up", "steep", "down"]
    up, steep, down = (axes.images[0].get_array() for axes in panels)
    assert up[23, 0] == pytest.approx(names.index("layers.23.q") / 142)
    np.testing.assert_array_equal(up.filled(-1), steep.filled(-1))
    np.testing.assert_allclose(up.filled(1), 1 - down.filled(0))
    assert {axes.images[0].get_clim() for axes in panels} == {(0, 1)}


def test_cells_without_a_site_are_hatched(opt_space):
    axes = score_maps({"up": np.arange(143.0)}, opt_space).axes[0]
    assert len([patch for patch in axes.patches if patch.get_hatch()]) == 1  # layers.0.cut
    assert axes.images[0].get_array().mask.sum() == 1


def test_scores_of_other_sites_are_refused(opt_space):
    with pytest.raises(ValueError, match="shorter"):
        score_maps({"up": np.arange(7.0)}, opt_space)
    with pytest.raises(ValueError, match="no proxy to draw"):
        score_maps({}, opt_space)


def test_it_writes_a_png(opt_space, tmp_path):
    draw_score_maps({"up": np.arange(143.0)}, opt_space, tmp_path / "maps.png")
    assert (tmp_path / "maps.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
