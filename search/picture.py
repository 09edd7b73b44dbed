"""The look that all pictures share: a figure without pyplot, its greys, and how it is saved."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["EDGE", "GREY", "INK", "PALE", "TEAL", "bare", "new_figure", "save_png"]

INK: Final = "#12343b"
GREY: Final = "#8a8f98"
EDGE: Final = "#b7bdc6"
PALE: Final = "#d9dde2"
TEAL: Final = "#41b6c4"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that lays itself out; width, height: inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def bare(axes: Axes) -> None:
    """Leaves the left and bottom edges of a plot, in grey, with small tick labels."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(EDGE)
    axes.tick_params(labelsize=8, color=EDGE)


def save_png(figure: Figure, path: Path) -> None:
    """Writes the figure as a PNG of 160 dots per inch."""
    figure.savefig(path, dpi=160, format="png")
