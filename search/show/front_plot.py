"""What is gained for what is spent: all points, and those that none beats in both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from spaces.counted import counted
from spaces.direction import Direction, sign_of
from spaces.show.picture import EDGE, GREY, INK, TEAL, bare, draw_title, new_figure, save_png

__all__ = ["FrontPlot", "draw_front", "front_figure", "front_finding"]

_Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FrontPlot:
    """across, up: what the axes are. direction, direction_across: in which each is better. points: (across,
    up) of all. front: of those that none beats, by these two or more that are not drawn; names: of these, in
    their order.
    """

    across: str
    up: str
    direction: Direction
    direction_across: Direction
    points: tuple[_Point, ...]
    front: tuple[_Point, ...]
    names: tuple[str, ...]


def draw_front(plot: FrontPlot, path: Path, *, title: str) -> None:
    """Writes ``front_figure`` as a PNG."""
    save_png(front_figure(plot, title=title), path)


def front_figure(plot: FrontPlot, *, title: str) -> Figure:
    """All points in grey, the front among them joined in steps that show what was reached for what was spent,
    each with its name."""
    front = sorted(zip(plot.front, plot.names, strict=True), key=lambda one: one[0])
    figure = new_figure(7.5, 4.6)
    axes = figure.subplots()
    axes.plot(*zip(*plot.points, strict=True), "o", color=GREY, markersize=4, alpha=0.7)
    steps = "steps-post" if plot.direction_across == "minimize" else "steps-pre"
    stairs = zip(*(point for point, _ in front), strict=True)
    axes.plot(*stairs, "o-", color=TEAL, markersize=6, drawstyle=steps)
    for point, name in front:
        axes.annotate(name, point, xytext=(4, 4), textcoords="offset points", fontsize=8, color=INK)
    axes.set_xlabel(plot.across, fontsize=9)
    axes.set_ylabel(plot.up, fontsize=9)
    axes.grid(color=EDGE, linewidth=0.4, alpha=0.6)
    bare(axes)
    draw_title(figure, title, size=9)
    return figure


def front_finding(plot: FrontPlot) -> str:
    """What the best takes, and what is lost with less: with a little, with about half, with the least. Of
    what is better the more there is: what the best has, and what is lost with more."""
    front = [(*point, name) for point, name in zip(plot.front, plot.names, strict=True)]
    sign, across = sign_of(plot.direction), sign_of(plot.direction_across)
    own, best, whose = max(front, key=lambda one: (sign * one[1], across * one[0]))
    others = [one for one in front if across * (one[0] - own) > 0]
    others.sort(key=lambda one: (across * one[0], -sign * one[1]))
    takes, less = ("takes", "less") if across < 0 else ("has", "more")
    said = (
        f"The best {plot.up} of {counted(len(plot.points), 'trial')} trained to the end, {best:.4f}, {takes}"
    )
    said = f"{said} {own:,.6g} {plot.across} (trial {whose})"
    if not others:
        return f"{said}; none {takes} {less} and beats others."
    middle = own / 2 if across < 0 else (own + others[-1][0]) / 2
    half = min(others, key=lambda one: abs(one[0] - middle))
    lost = [
        f"{f'{there / own:.0%} of that' if across < 0 else f'{there:,.6g}'} costs "
        f"{abs(value - best):.4f} of {plot.up} (trial {name})"
        for there, value, name in dict.fromkeys((others[0], half, others[-1]))
    ]
    return f"{said}; {', '.join(lost)}."
