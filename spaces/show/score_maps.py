"""Several scores of the same sites, each as a heat map, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from scipy.stats import rankdata

from spaces.search_space import SearchSpace

from .picture import new_figure, save_png, short
from .site_grid import SiteGrid, draw_cells

__all__ = ["draw_score_maps", "rank_share", "score_maps"]

_COLOURS = "YlGnBu"


def draw_score_maps(scores: Mapping[str, np.ndarray], space: SearchSpace, path: Path) -> None:
    """Writes ``score_maps`` as a PNG."""
    save_png(score_maps(scores, space), path)


def score_maps(scores: Mapping[str, np.ndarray], space: SearchSpace) -> Figure:
    """A map per proxy, layer x role, coloured by ``rank_share`` so that all scales compare.

    scores: proxy -> (sites,) in the order of the space. A place without a site is hatched. Raises
    ValueError where there is no proxy or a proxy does not score every site.
    """
    if not scores:
        raise ValueError("scores={} has no proxy to draw; pass the site scores of at least one.")
    grid = SiteGrid.of(space)
    across = min(len(scores), 4 if len(grid.labels) <= 9 else 3)
    down = math.ceil(len(scores) / across)
    width, height = 0.5 + 0.27 * len(grid.labels), 0.62 + max(1.2, 0.13 * grid.layers)
    figure = new_figure(max(5.0, width * across), 1.1 + height * down)
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    norm = Normalize(0, 1)
    for axes, (proxy, values) in zip(panels.ravel(), scores.items(), strict=False):
        shares = grid.filled(rank_share(values))
        axes.imshow(shares, cmap=_COLOURS, norm=norm, aspect="auto", origin="lower")
        draw_cells(axes, grid, label_sizes=(7.5, 7.5), every=max(1, grid.layers // 6))
        axes.tick_params(axis="x", labelbottom=True, labelrotation=90)
        axes.set_title(short(proxy, inches=width, size=9), fontsize=9)
    for axes in panels.ravel()[len(scores) :]:
        axes.set_visible(False)
    figure.supylabel("layer", fontsize=9)
    bar = figure.colorbar(
        ScalarMappable(norm, _COLOURS),
        ax=panels,
        location="top",
        fraction=0.03,
        aspect=45,
        shrink=0.6,
        pad=0.01,
    )
    bar.set_label("rank of the site's score among all sites", fontsize=9)
    bar.set_ticks([0, 0.5, 1], labels=["lowest", "middle", "highest"], fontsize=8)
    return figure


def rank_share(values: np.ndarray) -> np.ndarray:
    """Each value's rank among all, from 0 (least) to 1 (greatest), ties at their mean: (sites,).

    A value alone is 0.5. Raises ValueError where a value is not finite.
    """
    if not np.isfinite(values).all():
        raise ValueError(f"scores={values.tolist()} must be finite; leave out proxies that failed.")
    if len(values) == 1:
        return np.array([0.5])
    return np.asarray((rankdata(values) - 1) / (len(values) - 1))
