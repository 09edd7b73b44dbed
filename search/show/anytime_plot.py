"""How good the best was after so much work: a step for each improvement, a curve for each search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from spaces.show.picture import PALE, bare, draw_title, new_figure, save_png, short

__all__ = ["Improvements", "anytime_figure", "anytime_finding", "draw_anytime"]

Improvements = Sequence[tuple[float, float]]
"""(work spent, best value so far), by work."""
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")  # Okabe and Ito's


def draw_anytime(curves: Mapping[str, Improvements], path: Path, *, across: str, up: str, title: str) -> None:
    """Writes ``anytime_figure`` as a PNG."""
    save_png(anytime_figure(curves, across=across, up=up, title=title), path)


def anytime_figure(curves: Mapping[str, Improvements], *, across: str, up: str, title: str) -> Figure:
    """The best value so far against the work spent, in steps; of several searches each has a colour.

    curves: by name. across, up: the axes, such as ``candidate-steps`` and ``best loss so far``.
    """
    figure = new_figure(7.6, 4.0)
    axes = figure.subplots()
    for place, (name, points) in enumerate(curves.items()):
        works, values = [work for work, _ in points], [value for _, value in points]
        colour = _COLOURS[place % len(_COLOURS)]
        axes.step(works, values, where="post", color=colour, linewidth=1.8, label=short(name))
        axes.plot(works, values, "o", color=colour, markersize=3.5)
    axes.set_xlabel(across, fontsize=9)
    axes.set_ylabel(up, fontsize=9)
    axes.set_xlim(left=0)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    bare(axes)
    if len(curves) > 1:
        figure.legend(loc="outside right center", frameon=False, fontsize=8.5)
    draw_title(figure, title)
    return figure


def anytime_finding(points: Improvements, *, across: str, up: str) -> str:
    """Where it began and ended, how often it was bettered, and how soon it was halfway there."""
    if not points:
        return f"Nothing is known yet of the {up}."
    (first_work, first), (last_work, last) = points[0], points[-1]
    said = f"The {up} against {across}: {first:.4f} after {first_work:,.0f}"
    if first == last:
        return f"{said}, not bettered up to {last_work:,.0f}."
    there = next(work for work, value in points if abs(value - first) >= abs(last - first) / 2)
    count = sum(later[1] != earlier[1] for earlier, later in pairwise(points))
    times = "once" if count == 1 else f"{count} times"
    return f"{said}, bettered {times} to {last:.4f} by {last_work:,.0f}; half of that by {there:,.0f}."
