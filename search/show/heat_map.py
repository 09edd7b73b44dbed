"""A picture of an allocation: which layer got how much rank, where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.search_space import SearchSpace

from .picture import GREY, INK, TEAL, draw_title, new_figure, save_png
from .site_grid import SiteGrid, draw_cells

__all__ = ["draw_rank_heat_map", "rank_heat_map"]


def draw_rank_heat_map(allocation: Allocation, space: SearchSpace, path: Path, *, title: str) -> None:
    """Writes ``rank_heat_map`` as a PNG."""
    save_png(rank_heat_map(allocation, space, title=title), path)


def rank_heat_map(allocation: Allocation, space: SearchSpace, *, title: str) -> Figure:
    """A row per layer (0 at the bottom), a column per role and span, the rank in each cell.

    A site that is off is an empty cell; a place where the space has no site is hatched. The bars on
    the right are the parameters of each layer's wires.
    """
    grid, ranks = SiteGrid.of(space), space.rank_vector(allocation)
    params = np.zeros(grid.layers, dtype=np.int64)
    for site, rank in zip(space.sites, ranks.tolist(), strict=True):
        params[site.layer] += rank * site.cost_per_rank
    width = 0.62 * len(grid.labels)
    figure = new_figure(max(5.0, 2.9 + width), 1.7 + 0.34 * grid.layers)
    cells, bars = figure.subplots(1, 2, sharey=True, width_ratios=[width, 1.3])
    _draw_ranks(cells, grid, ranks, max(space.ranks[-1], int(ranks.max())))
    _draw_bars(bars, params)
    total = f"{(ranks > 0).sum()} of {counted(len(space.sites), 'site')} on"
    draw_title(figure, title)
    cells.set_title(total, fontsize=8.5, color=GREY, loc="left")
    return figure


def _draw_ranks(axes: Axes, grid: SiteGrid, ranks: np.ndarray, top: int) -> None:
    """One square per site, coloured by the logarithm of its rank. ranks: (sites,)."""
    norm = LogNorm(0.5, top * 1.25)
    colours = np.ma.masked_less(grid.filled(ranks), 1)
    axes.imshow(colours, cmap="YlGnBu", norm=norm, aspect="auto", origin="lower")
    for (layer, column), rank in zip(grid.cells, ranks.tolist(), strict=True):
        if rank > 0:
            colour = "white" if norm(rank) > 0.55 else INK
            axes.text(column, layer, str(rank), ha="center", va="center", fontsize=8, color=colour)
    draw_cells(axes, grid, label_sizes=(9, 8))
    axes.set_ylabel("layer")


def _draw_bars(axes: Axes, params: np.ndarray) -> None:
    """Parameters of each layer's wires, beside its row. params: (layers,)."""
    axes.barh(range(len(params)), params / 1000, height=0.62, color=TEAL)
    axes.set_xlabel("thousand\nparameters", fontsize=8)
    axes.tick_params(axis="y", which="both", length=0, labelleft=False)
    axes.tick_params(axis="x", labelsize=7.5, color=GREY)
    axes.locator_params(axis="x", nbins=3)
    axes.spines[["top", "right", "left"]].set_visible(False)
