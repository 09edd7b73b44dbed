"""The heat map is a PNG with a column per role and span and a row per layer."""

import subprocess
import sys

import numpy as np

from search.show.heat_map import draw_rank_heat_map, draw_share_heat_map, rank_heat_map, share_heat_map
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap

TAP = Tap("block", "in")


def test_it_writes_a_png_of_layers_and_roles(opt_space, tmp_path):
    path = tmp_path / "ranks.png"
    ranks = np.resize(np.array(opt_space.ranks), 143)
    draw_rank_heat_map(opt_space.allocation(ranks), opt_space, path, title="grad_norm/exact")
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    cells = rank_heat_map(opt_space.allocation(ranks), opt_space, title="grad_norm/exact").axes[0]
    assert [tick.get_text() for tick in cells.get_xticklabels()] == ["q", "v", "res1", "res2", "in", "cut"]
    assert [tick.get_text() for tick in cells.get_yticklabels()] == [str(layer) for layer in range(24)]
    assert len(cells.texts) == (ranks > 0).sum()
    assert len([patch for patch in cells.patches if patch.get_hatch()]) == 1  # layers.0.cut


def test_a_span_has_its_own_column_and_ranks_off_the_grid_are_drawn():
    sites = [Site(f"layers.{i}.in", i, "in", "cross", 8, 8, TAP, TAP) for i in range(2)]
    sites += [
        Site("layers.1.in2", 1, "in", "cross", 8, 8, TAP, TAP),
        Site("layers.0.q", 0, "q", "lora", 8, 8, TAP, TAP),
    ]
    space = SearchSpace(tuple(sites), (0, 2, 4))
    cells = rank_heat_map(space.allocation([7, 0, 4, 2]), space, title="uniform").axes[0]
    assert [tick.get_text() for tick in cells.get_xticklabels()] == ["q", "in", "in2"]
    drawn = {tuple(map(int, text.get_position())): text.get_text() for text in cells.texts}
    assert drawn == {(0, 0): "2", (1, 0): "7", (2, 1): "4"}


def test_an_empty_allocation_can_be_drawn(opt_space, tmp_path):
    path = tmp_path / "ranks.png"
    draw_rank_heat_map(opt_space.allocation(np.zeros(143, dtype=int)), opt_space, path, title="nothing")
    assert path.exists()


def test_shares_are_percentages_where_they_are_above_zero(tmp_path):
    places = [(0, "q", "lora"), (0, "in", "cross"), (1, "q", "lora"), (1, "in", "cross"), (1, "cut", "cross")]
    sites = [Site(f"layers.{i}.{role}", i, role, kind, 8, 8, TAP, TAP) for i, role, kind in places]
    space, shares = SearchSpace(tuple(sites), (0, 4)), np.array([1.0, 0.0, 0.2, 0.555, 0.0])
    axes = share_heat_map(shares, space, title="hetero-dynamic", label="share that was on").axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["q", "in", "cut"]
    drawn = {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}
    assert drawn == {(0, 0): "100", (0, 1): "20", (1, 1): "56"}
    colours = axes.images[0].get_array()
    np.testing.assert_allclose(colours.filled(-1), [[1.0, 0.0, -1], [0.2, 0.555, 0.0]])  # no cut at layer 0
    assert axes.images[0].get_clim() == (0, 1)
    draw_share_heat_map(shares, space, tmp_path / "shares.png", title="hetero-dynamic", label="on")
    assert (tmp_path / "shares.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_it_leaves_pyplot_alone():
    code = "import sys, search.show.heat_map; print('matplotlib.pyplot' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
