"""How much of each site was on while it trained, and a picture of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from evaluators.training.candidate import History
from search.show.picture import INK, draw_title, new_figure, save_png
from search.show.site_grid import SiteGrid, draw_cells
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import InputError
from spaces.search_space import SearchSpace
from spaces.site import Site

__all__ = ["draw_enabling_frequency", "enabling_frequency", "enabling_heat_map"]


def enabling_frequency(
    history: History, most: Allocation, sites: Sequence[Site], total_steps: int
) -> np.ndarray:
    """Share of each site's ranks that were on, on average over ``total_steps``: (sites,), in [0, 1].

    Where whole modules go on and off, it is the share of the steps in which they were on (HeteroLoRA,
    arXiv:2406.14956, figures 4 to 6). Several seeds' may be averaged.

    Args:
        history: from which step on which ranks were on.
        most: the ranks that were there to be on.
        sites: in the order wanted; those that were never on have 0.
        total_steps: of the training.

    Raises InputError where the history does not begin at step 0 or goes on past the last step.
    """
    starts = [step for step, _ in history]
    if not starts or starts[0] != 0 or starts[-1] >= total_steps:
        raise InputError(
            f"a history with entries at the steps {starts[:3]}...{starts[-1:]} does not say what was on in "
            f"all of {counted(total_steps, 'step')}; give one that begins at step 0 and ends before."
        )
    index = {site.name: i for i, site in enumerate(sites)}
    steps = np.zeros(len(sites))
    for (_, allocation), (start, stop) in zip(history, pairwise([*starts, total_steps]), strict=True):
        for name, rank in allocation.ranks:
            steps[index[name]] += (stop - start) * rank / most.rank(name)
    return steps / total_steps


def draw_enabling_frequency(frequency: np.ndarray, space: SearchSpace, path: Path, *, title: str) -> None:
    """Writes ``enabling_heat_map`` as a PNG."""
    save_png(enabling_heat_map(frequency, space, title=title), path)


def enabling_heat_map(frequency: np.ndarray, space: SearchSpace, *, title: str) -> Figure:
    """A row per layer (0 at the bottom), a column per role and span, in each cell the percentage of its ranks
    that were on in training; one that never was stays without number. frequency: (sites,), in [0, 1]."""
    grid = SiteGrid.of(space)
    figure = new_figure(max(5.0, 2.4 + 0.62 * len(grid.labels)), 1.7 + 0.34 * grid.layers)
    axes = figure.subplots()
    image = axes.imshow(grid.filled(frequency), cmap="YlGnBu", vmin=0, vmax=1, aspect="auto", origin="lower")
    for (layer, column), share in zip(grid.cells, frequency.tolist(), strict=True):
        if share > 0:
            colour = "white" if share > 0.55 else INK
            text = f"{100 * share:.0f}"
            axes.text(column, layer, text, ha="center", va="center", fontsize=8, color=colour)
    draw_cells(axes, grid, label_sizes=(9, 8))
    axes.set_ylabel("layer")
    bar = figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1], format="{x:.0%}")
    bar.set_label("share of its ranks that were on", fontsize=8)
    bar.ax.tick_params(labelsize=7.5)
    draw_title(figure, title)
    return figure
