"""Where each site of a space stands in a picture: a row per layer, a column per role, span and count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from spaces.search_space import SearchSpace
from spaces.site import Site

from .picture import EDGE, PALE, short

__all__ = ["SiteGrid", "draw_cells"]

_KINDS = ("lora", "residual", "cross")
_ABREAST = 7  # letters of a role that stand side by side with others
_Column = tuple[int, str]  # the kind's place in _KINDS, then the role with its span or count


@dataclass(frozen=True, slots=True)
class SiteGrid:
    """The table of a space's sites.

    labels: (columns,), the role with its span or count (``in2``, ``q.2``), kind by kind, within a kind in the
        order of the space.
    kinds: (columns,). layers: number of rows. cells: (sites,), each site's layer and column.
    """

    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    layers: int
    cells: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, space: SearchSpace) -> SiteGrid:
        """The grid of all sites of a space."""
        own = [_column(site) for site in space.sites]
        columns = sorted(dict.fromkeys(own), key=lambda column: column[0])
        return cls(
            tuple(label for _, label in columns),
            tuple(_KINDS[kind] for kind, _ in columns),
            max(site.layer for site in space.sites) + 1,
            tuple((site.layer, columns.index(column)) for site, column in zip(space.sites, own, strict=True)),
        )

    def filled(self, values: Sequence[float] | np.ndarray) -> np.ma.MaskedArray:
        """``values`` (sites,) as (layers, columns), masked where the space has no site."""
        table = np.full((self.layers, len(self.labels)), np.nan)
        for cell, value in zip(self.cells, values, strict=True):
            table[cell] = value
        return np.ma.masked_invalid(table)


def _column(site: Site) -> _Column:
    return _KINDS.index(site.kind), site.name_in_block


def draw_cells(axes: Axes, grid: SiteGrid, *, label_sizes: tuple[float, float], every: int = 1) -> None:
    """Hatches the places without a site, rules the cells and the kinds apart, names layers and roles.

    Layer 0 is at the bottom, as under ``imshow(origin="lower")``. label_sizes: of roles and of layers, in
    points. every: the step between the layers that are named.
    """
    taken = set(grid.cells)
    for layer, column in np.ndindex(grid.layers, len(grid.labels)):
        if (layer, column) not in taken:
            corner = (column - 0.5, layer - 0.5)
            axes.add_patch(
                Rectangle(corner, 1, 1, facecolor="#eceef1", edgecolor="#c3c8cf", hatch="////", lw=0)
            )
    axes.set_xticks(range(len(grid.labels)), [short(one) for one in grid.labels], fontsize=label_sizes[0])
    if max(map(len, grid.labels)) > _ABREAST:
        axes.tick_params(axis="x", labelrotation=90)
    named = range(0, grid.layers, every)
    axes.set_yticks(named, [str(layer) for layer in named], fontsize=label_sizes[1])
    axes.set_xticks(np.arange(len(grid.labels) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(grid.layers + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=PALE, linewidth=0.8)
    axes.tick_params(which="both", length=0)
    for column in range(1, len(grid.kinds)):
        if grid.kinds[column] != grid.kinds[column - 1]:
            axes.axvline(column - 0.5, color="#5b616b", linewidth=1.6)
    axes.spines[:].set_color(EDGE)
