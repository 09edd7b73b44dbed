"""What is gained for what is spent: all points, and those that none beats in both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from spaces.counted import counted
from spaces.show.picture import EDGE, GREY, INK, TEAL, bare, draw_title, new_figure, save_png

__all__ = ["FrontPlot", "draw_front", "front_figure", "front_finding"]

_Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FrontPlot:
    """points: (across, up) of all. front: of those that none beats, ascending; names: of these, in order."""

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
    figure = new_figure(7.5, 4.6)
    axes = figure.subplots()
    axes.plot(*zip(*plot.points, strict=True), "o", color=GREY, markersize=4, alpha=0.7)
    axes.plot(*zip(*plot.front, strict=True), "o-", color=TEAL, markersize=6, drawstyle="steps-post")
    for point, name in zip(plot.front, plot.names, strict=True):
        axes.annotate(name, point, xytext=(4, 4), textcoords="offset points", fontsize=8, color=INK)
    axes.set_xlabel(plot.across, fontsize=9)
    axes.set_ylabel(plot.up, fontsize=9)
    axes.grid(color=EDGE, linewidth=0.4, alpha=0.6)
    bare(axes)
    draw_title(figure, title, size=9)
    return figure


def front_finding(plot: FrontPlot) -> str:
    """How many points none beats, and both ends of the front.

    >>> front = (90, 2), (95, 1)
    >>> front_finding(FrontPlot("parameters", "loss", (*front, (99, 3)), front, ("a", "b")))
    '2 of 3 points are beaten by none in both: from 90 parameters with loss 2 (a) to 95 with 1 (b).'
    """
    (left, low), (right, high) = plot.front[0], plot.front[-1]
    said = f"{len(plot.front)} of {counted(len(plot.points), 'point')} are beaten by none in both"
    first = f"{left:,g} {plot.across} with {plot.up} {low:.4g} ({plot.names[0]})"
    if len(plot.front) == 1:
        return f"{said}: {first}."
    return f"{said}: from {first} to {right:,g} with {high:.4g} ({plot.names[-1]})."
