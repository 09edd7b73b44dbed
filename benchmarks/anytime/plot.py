"""The picture: the best validation loss against what was spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from spaces.show.picture import bare, draw_title, new_figure, save_png

from .best_so_far import BestSoFar, Unit, best_so_far
from .ended_trial import EndedTrial

__all__ = ["draw_medians"]

_COLOURS: Final = ("#8a8f98", "#e69f00", "#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""A grey, and Okabe and Ito's; again from the start where there are more searches."""
_POINTS: Final = 400


def draw_medians(searches: Mapping[str, Sequence[Sequence[EndedTrial]]], path: Path, *, title: str) -> None:
    """Writes a PNG: medians over seeds with quartiles, against candidate-steps and against seconds."""
    figure = new_figure(9, 3.8)
    left, right = figure.subplots(1, 2, sharey=True)
    _draw(left, searches, "steps", "candidate-steps")
    _draw(right, searches, "seconds", "seconds")
    left.set_ylabel("best validation loss of a whole training", fontsize=8)
    right.legend(frameon=False, fontsize=8)
    draw_title(figure, title)
    save_png(figure, path)


def _draw(axes: Axes, searches: Mapping[str, Sequence[Sequence[EndedTrial]]], unit: Unit, label: str) -> None:
    for colour, (arm, own) in zip(cycle(_COLOURS), searches.items(), strict=False):
        stairs = [best_so_far(trials, unit) for trials in own if trials]
        begun = [one for one in stairs if one.spent]
        if not begun:
            continue
        grid = np.geomspace(min(one.spent[0] for one in begun), max(one.all for one in begun), _POINTS)
        low, middle, high = _quartiles(begun, grid)
        axes.step(grid, middle, where="post", color=colour, label=arm, linewidth=1.6)
        axes.fill_between(grid, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))  # pictures have no formulas
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(label, fontsize=8)
    bare(axes)


def _quartiles(stairs: Sequence[BestSoFar], grid: np.ndarray) -> np.ndarray:
    """(3, points): lower quartile, median, upper quartile; nan where a search has no whole training yet."""
    values = np.array([[np.nan if (at := one.at(x)) is None else at for x in grid] for one in stairs])
    every = np.isfinite(values).all(0)
    found = np.full((3, len(grid)), np.nan)
    found[:, every] = np.quantile(values[:, every], (0.25, 0.5, 0.75), axis=0)
    return found
