"""Pictures of a space, layer by role: how much rank each site got, or how much of it was on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.search_space import SearchSpace
from spaces.show.picture import GREY, INK, TEAL, draw_title, new_figure, save_png
from spaces.show.site_grid import SiteGrid, draw_cells

__all__ = ["draw_rank_heat_map", "draw_share_heat_map", "rank_heat_map", "share_heat_map"]


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
    figure = new_figure(max(5.0, 2.9 + width), _height(grid))
    cells, bars = figure.subplots(1, 2, sharey=True, width_ratios=[width, 1.3])
    norm = LogNorm(0.5, max(space.ranks[-1], int(ranks.max())) * 1.25)
    _draw_squares(cells, grid, np.ma.masked_less(grid.filled(ranks), 1), norm, [f"{rank}" for rank in ranks])
    _draw_bars(bars, params)
    total = f"{(ranks > 0).sum()} of {counted(len(space.sites), 'site')} on"
    draw_title(figure, title)
    cells.set_title(total, fontsize=8.5, color=GREY, loc="left")
    return figure


def draw_share_heat_map(
    shares: np.ndarray, space: SearchSpace, path: Path, *, title: str, label: str
) -> None:
    """Writes ``share_heat_map`` as a PNG."""
    save_png(share_heat_map(shares, space, title=title, label=label), path)


def share_heat_map(shares: np.ndarray, space: SearchSpace, *, title: str, label: str) -> Figure:
    """A row per layer (0 at the bottom), a column per role and span, a percentage in each cell.

    shares: (sites,), in [0, 1]; a site at 0 stays without a number. label: what they are shares of.
    """
    grid = SiteGrid.of(space)
    figure = new_figure(max(5.0, 2.4 + 0.62 * len(grid.labels)), _height(grid))
    axes = figure.subplots()
    texts = [f"{100 * share:.0f}" for share in shares.tolist()]
    image = _draw_squares(axes, grid, grid.filled(shares), Normalize(0, 1), texts)
    bar = figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1], format="{x:.0%}")
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7.5)
    draw_title(figure, title)
    return figure


def _height(grid: SiteGrid) -> float:
    return 1.7 + 0.34 * grid.layers


def _draw_squares(
    axes: Axes, grid: SiteGrid, values: np.ma.MaskedArray, norm: Normalize, texts: Sequence[str]
) -> AxesImage:
    """One square per site, coloured by its value, with its text where it is above 0.

    values: (layers, columns), masked where there is nothing to colour. texts: (sites,).
    """
    image = axes.imshow(values, cmap="YlGnBu", norm=norm, aspect="auto", origin="lower")
    for (layer, column), text in zip(grid.cells, texts, strict=True):
        value = values[layer, column]
        if value is not np.ma.masked and value > 0:
            colour = "white" if norm(value) > 0.55 else INK
            axes.text(column, layer, text, ha="center", va="center", fontsize=8, color=colour)
    draw_cells(axes, grid, label_sizes=(9, 8))
    axes.set_ylabel("layer")
    return image


def _draw_bars(axes: Axes, params: np.ndarray) -> None:
    """Parameters of each layer's wires, beside its row. params: (layers,)."""
    axes.barh(range(len(params)), params / 1000, height=0.62, color=TEAL)
    axes.set_xlabel("thousand\nparameters", fontsize=8)
    axes.tick_params(axis="y", which="both", length=0, labelleft=False)
    axes.tick_params(axis="x", labelsize=7.5, color=GREY)
    axes.locator_params(axis="x", nbins=3)
    axes.spines[["top", "right", "left"]].set_visible(False)
