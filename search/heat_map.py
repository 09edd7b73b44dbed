"""A picture of an allocation: which layer got how much rank, where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from spaces.allocation import Allocation
from spaces.search_space import SearchSpace
from spaces.site import Site

__all__ = ["draw_rank_heat_map"]

_KINDS = ("lora", "residual", "cross")
_COLOURS = "YlGnBu"
_GREY = "#8a8f98"


def draw_rank_heat_map(allocation: Allocation, space: SearchSpace, path: Path, *, title: str) -> None:
    """Writes a PNG: a row per layer (0 at the bottom), a column per role and span, the rank in each cell.

    A site that is off is an empty cell; a place where the space has no site is hatched. The bars on
    the right are the parameters of each layer's wires.
    """
    columns = _columns(space)
    layers = max(site.layer for site in space.sites) + 1
    ranks = np.full((layers, len(columns)), -1, dtype=np.int64)  # -1: the space has no site there
    params = np.zeros(layers, dtype=np.int64)
    for site, rank in zip(space.sites, space.rank_vector(allocation).tolist(), strict=True):
        ranks[site.layer, columns.index(_column(site))] = rank
        params[site.layer] += rank * site.cost_per_rank
    figure = Figure(figsize=(max(5.0, 2.9 + 0.62 * len(columns)), 1.7 + 0.34 * layers), layout="constrained")
    FigureCanvasAgg(figure)
    cells, bars = figure.subplots(1, 2, sharey=True, width_ratios=[0.62 * len(columns), 1.3])
    _draw_cells(cells, ranks, columns, max(space.ranks[-1], int(ranks.max())))
    _draw_bars(bars, params)
    total = f"{(ranks > 0).sum()} of {len(space.sites)} sites on"
    figure.suptitle(title, fontsize=12, fontweight="bold")
    cells.set_title(total, fontsize=8.5, color=_GREY, loc="left")
    figure.savefig(path, dpi=160, format="png")


def _column(site: Site) -> tuple[int, str]:
    """A site's column: its kind's place, then its role with the span, as at the end of its name."""
    return _KINDS.index(site.kind), site.name.rpartition(".")[2]


def _columns(space: SearchSpace) -> list[tuple[int, str]]:
    """The columns, kind by kind, within a kind in the order of the space."""
    return sorted(dict.fromkeys(_column(site) for site in space.sites), key=lambda column: column[0])


def _draw_cells(axes: Axes, ranks: np.ndarray, columns: list[tuple[int, str]], top: int) -> None:
    """One square per site, coloured by the logarithm of its rank. ranks: (layers, columns)."""
    norm = LogNorm(0.5, top * 1.25)
    colours = np.ma.masked_less(ranks, 1)
    axes.imshow(colours, cmap=_COLOURS, norm=norm, aspect="auto", origin="lower")
    for (layer, column), rank in np.ndenumerate(ranks):
        if rank < 0:
            corner = (column - 0.5, layer - 0.5)
            axes.add_patch(
                Rectangle(
                    corner, 1, 1, fill=True, facecolor="#eceef1", edgecolor="#c3c8cf", hatch="////", lw=0
                )
            )
        elif rank > 0:
            colour = "white" if norm(rank) > 0.55 else "#12343b"
            axes.text(column, layer, str(rank), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(columns)), [label for _, label in columns], fontsize=9)
    axes.set_yticks(range(len(ranks)), [str(layer) for layer in range(len(ranks))], fontsize=8)
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(ranks) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#d9dde2", linewidth=0.8)
    axes.tick_params(which="both", length=0)
    for column in range(1, len(columns)):
        if columns[column][0] != columns[column - 1][0]:
            axes.axvline(column - 0.5, color="#5b616b", linewidth=1.6)
    axes.set_ylabel("layer")
    axes.spines[:].set_color("#b7bdc6")


def _draw_bars(axes: Axes, params: np.ndarray) -> None:
    """Parameters of each layer's wires, beside its row. params: (layers,)."""
    axes.barh(range(len(params)), params / 1000, height=0.62, color="#41b6c4")
    axes.set_xlabel("thousand\nparameters", fontsize=8)
    axes.tick_params(axis="y", which="both", length=0, labelleft=False)
    axes.tick_params(axis="x", labelsize=7.5, color=_GREY)
    axes.locator_params(axis="x", nbins=3)
    axes.spines[["top", "right", "left"]].set_visible(False)
