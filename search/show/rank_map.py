"""A small picture of an allocation, for beside a trial: the rank of every site, layer by role."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.printable import printable, shortened
from spaces.search_space import SearchSpace
from spaces.show.picture import EDGE, GREY, INK, PALE
from spaces.show.site_grid import SiteGrid

__all__ = ["draw_rank_map", "rank_map"]

_WIDTH, _HEIGHT = 40, 15  # of a cell, in pixels
_LEFT, _TOP, _BOTTOM = 34, 24, 20
_LETTER: Final = 7  # pixels of one, about
_HATCHED: Final = "#eceef1"
_TALLEST: Final = 100  # layers, beyond which rows become thinner


def draw_rank_map(allocation: Allocation, space: SearchSpace, path: Path) -> None:
    """Writes ``rank_map`` as a PNG of a few kilobytes, in a hundredth of a second."""
    rank_map(allocation, space).save(path, format="PNG")


def rank_map(allocation: Allocation, space: SearchSpace) -> Image.Image:
    """A row per layer (0 at the bottom), a column per role and span; the darker, the higher the rank.

    Each site that is on has its rank in its cell; one that is off is white, and where the space has no site
    the cell is grey. Ranks at sites outside the space are counted and not drawn.
    """
    grid, ranks = SiteGrid.of(space), _ranks(allocation, space)
    height = max(2, _HEIGHT * min(1.0, _TALLEST / grid.layers))
    size = (_LEFT + _WIDTH * len(grid.labels) + 2, round(_TOP + height * grid.layers + _BOTTOM))
    picture = Image.new("RGB", (max(size[0], 260), size[1]), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(11)

    def box(layer: int, column: int) -> tuple[float, float, float, float]:
        left, top = _LEFT + _WIDTH * column, _TOP + height * (grid.layers - 1 - layer)
        return left, top, left + _WIDTH, top + height

    for layer, column in np.ndindex(grid.layers, len(grid.labels)):
        draw.rectangle(box(layer, column), fill=_HATCHED, outline=PALE)
    most = max(space.ranks[-1], int(ranks.max(initial=1)))
    depths = np.log2(1 + ranks) / np.log2(1 + most)
    colours = matplotlib.colormaps["YlGnBu"](depths, bytes=True)[:, :3].tolist()
    for (layer, column), rank, depth, colour in zip(grid.cells, ranks.tolist(), depths, colours, strict=True):
        draw.rectangle(box(layer, column), fill=tuple(colour) if rank else "white", outline=PALE)
        if rank and height >= _HEIGHT:
            left, top, right, low = box(layer, column)
            ink = "white" if depth > 0.6 else INK
            draw.text(((left + right) / 2, (top + low) / 2), str(rank), ink, font, anchor="mm")
    for layer in range(0, grid.layers, max(1, grid.layers // 12)):
        _, top, _, low = box(layer, 0)
        draw.text((_LEFT - 6, (top + low) / 2), str(layer), GREY, font, anchor="rm")
    for column, label in enumerate(grid.labels):
        left, _, right, low = box(0, column)
        name = shortened(printable(label), _WIDTH // _LETTER)
        draw.text(((left + right) / 2, low + 4), name, INK, font, anchor="mt")
        if column and grid.kinds[column] != grid.kinds[column - 1]:
            draw.line([(left, _TOP), (left, low)], EDGE, 2)
    draw.text((4, 6), _told(allocation, space, ranks), INK, font)
    return picture


def _told(allocation: Allocation, space: SearchSpace, ranks: np.ndarray) -> str:
    """What is on, in words."""
    on = int((ranks > 0).sum())
    outside = len(allocation.ranks) - on
    beside = f", and {outside} outside the space" if outside else ""
    return f"{on} of {counted(len(space.sites), 'site')} on{beside}"


def _ranks(allocation: Allocation, space: SearchSpace) -> np.ndarray:
    """The ranks of the space's sites, (sites,), whatever else the allocation uses."""
    held = dict(allocation.ranks)
    return np.array([held.get(site.name, 0) for site in space.sites], dtype=np.int64)
