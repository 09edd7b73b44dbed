"""What is gained for what is spent: all points, and those that none beats in both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from spaces.show.picture import EDGE, GREY, INK, TEAL, bare, draw_title, new_figure, save_png

__all__ = ["FrontPlot", "draw_front", "front_figure"]

_Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FrontPlot:
    """points: (across, up) of all. front: of those that none beats, by these two or more that are not drawn;
    names: of these, in their order."""

    across: str
    up: str
    points: tuple[_Point, ...]
    front: tuple[_Point, ...]
    names: tuple[str, ...]


def draw_front(plot: FrontPlot, path: Path, *, title: str) -> None:
    """Writes ``front_figure`` as a PNG."""
    save_png(front_figure(plot, title=title), path)


def front_figure(plot: FrontPlot, *, title: str) -> Figure:
    """All points in grey, the front among them joined in steps, each with its name."""
    front = sorted(zip(plot.front, plot.names, strict=True), key=lambda one: one[0])
    figure = new_figure(7.5, 4.6)
    axes = figure.subplots()
    axes.plot(*zip(*plot.points, strict=True), "o", color=GREY, markersize=4, alpha=0.7)
    stairs = zip(*(point for point, _ in front), strict=True)
    axes.plot(*stairs, "o-", color=TEAL, markersize=6, drawstyle="steps-post")
    for point, name in front:
        axes.annotate(name, point, xytext=(4, 4), textcoords="offset points", fontsize=8, color=INK)
    axes.set_xlabel(plot.across, fontsize=9)
    axes.set_ylabel(plot.up, fontsize=9)
    axes.grid(color=EDGE, linewidth=0.4, alpha=0.6)
    bare(axes)
    draw_title(figure, title, size=9)
    return figure
