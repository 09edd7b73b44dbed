"""Sites stand in a table of layers and roles."""

import numpy as np
import pytest

from spaces.search_space import SearchSpace
from spaces.show.picture import new_figure
from spaces.show.site_grid import SiteGrid, draw_cells
from spaces.site import Site, Tap

TAP = Tap("block", "in")


@pytest.fixture
def grid() -> SiteGrid:
    """Two layers of ``in``, ``q``, and an ``in2`` in the upper one."""
    sites = [Site(f"layers.{i}.in", i, "in", "cross", 8, 8, TAP, TAP) for i in range(2)]
    sites += [
        Site("layers.1.in2", 1, "in", "cross", 8, 8, TAP, TAP),
        Site("layers.0.q", 0, "q", "lora", 8, 8, TAP, TAP),
        Site("layers.1.q", 1, "q", "lora", 8, 8, TAP, TAP),
    ]
    return SiteGrid.of(SearchSpace(tuple(sites), (0, 2)))


def test_columns_come_kind_by_kind_and_a_span_has_its_own(grid):
    assert grid.labels == ("q", "in", "in2")
    assert grid.kinds == ("lora", "cross", "cross")
    assert grid.cells == ((0, 1), (1, 1), (1, 2), (0, 0), (1, 0))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("lora", ["q", "v", "q.2", "v.2"]),  # of a model with two towers
        ("lora", ["dense", "dense.2", "dense.3"]),
        ("cross", ["in", "in2", "cut2"]),
        ("lora", ["odd.role", "odd.role.2"]),
    ],
)
def test_every_site_of_a_layer_has_a_cell_of_its_own_under_its_whole_name(kind, names):
    sites = [
        Site(f"layers.{i}.{name}", i, name.partition(".")[0], kind, 8, 8, TAP, TAP)
        for i in range(2)
        for name in names
    ]
    grid = SiteGrid.of(SearchSpace(tuple(sites), (0, 2)))
    assert grid.labels == tuple(names)
    values = np.arange(2.0 * len(names))
    assert grid.filled(values).compressed().tolist() == values.tolist()


def test_values_stand_in_their_cells_and_the_rest_is_masked(grid):
    table = grid.filled(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert table.filled(-1).tolist() == [[4, 1, -1], [5, 2, 3]]


def test_one_value_per_site_is_asked_for(grid):
    with pytest.raises(ValueError, match="shorter"):
        grid.filled([1.0, 2.0])


def test_a_place_without_a_site_is_hatched_and_kinds_are_ruled_apart(grid):
    axes = new_figure(3, 3).subplots()
    draw_cells(axes, grid, label_sizes=(9, 8))
    assert [patch.get_xy() for patch in axes.patches if patch.get_hatch()] == [(1.5, -0.5)]
    assert [line.get_xdata() for line in axes.lines] == [[0.5, 0.5]]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["q", "in", "in2"]


def test_only_every_so_many_layers_are_named(opt_space):
    axes = new_figure(3, 3).subplots()
    draw_cells(axes, SiteGrid.of(opt_space), label_sizes=(9, 8), every=10)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0", "10", "20"]
