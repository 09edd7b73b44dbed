"""How good the best of a search was after so much work, rung by rung."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from spaces.counted import counted
from spaces.show.picture import GREY, PALE, bare, draw_title, new_figure, save_png

__all__ = ["RungBest", "anytime_figure", "anytime_finding", "draw_anytime"]

_WHOLE: Final = "#0072b2"
_FAINT: Final = (":", "--", "-.")


@dataclass(frozen=True, slots=True)
class RungBest:
    """The best value so far of the trials that were judged after ``step`` of ``of_steps`` optimizer steps.

    points: (work spent, best value), by work; the last is where the search stands.
    """

    step: int
    of_steps: int
    points: tuple[tuple[int, float], ...]

    @property
    def is_whole(self) -> bool:
        """Whether it is of whole trainings."""
        return self.step == self.of_steps

    @property
    def name(self) -> str:
        """As a legend has it."""
        return "trained to the end" if self.is_whole else f"after {self.step:,} of {self.of_steps:,} steps"


def draw_anytime(curves: Sequence[RungBest], path: Path, *, across: str, up: str, title: str) -> None:
    """Writes ``anytime_figure`` as a PNG."""
    save_png(anytime_figure(curves, across=across, up=up, title=title), path)


def anytime_figure(curves: Sequence[RungBest], *, across: str, up: str, title: str) -> Figure:
    """The best value of whole trainings against the work spent, in steps; that of trials which were judged on
    their way is faint, a line for each rung, since values after different steps cannot be compared.

    across, up: the axes, such as ``candidate-steps`` and ``best loss so far``.
    """
    figure = new_figure(7.6, 4.0)
    axes = figure.subplots()
    for place, curve in enumerate(curves):
        works, values = [work for work, _ in curve.points], [value for _, value in curve.points]
        if curve.is_whole:
            axes.step(works, values, where="post", color=_WHOLE, linewidth=2.2, label=curve.name)
            axes.plot(works[:-1], values[:-1], "o", color=_WHOLE, markersize=4)
        else:
            look = _FAINT[place % len(_FAINT)]
            axes.step(
                works,
                values,
                where="post",
                color=GREY,
                linewidth=1,
                alpha=0.8,
                linestyle=look,
                label=curve.name,
            )
    axes.set_xlabel(across, fontsize=9)
    axes.set_ylabel(up, fontsize=9)
    axes.set_xlim(left=0)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    bare(axes)
    if len(curves) > 1:
        figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    draw_title(figure, title)
    return figure


def anytime_finding(curves: Sequence[RungBest], *, across: str, up: str) -> str:
    """Where the best of whole trainings began and ended, how often it was bettered, and how soon it was
    halfway there."""
    whole = next((curve.points for curve in curves if curve.is_whole), None)
    if not whole:
        return f"The {up} is not known: no trial was trained to its end."
    *points, (until, _) = whole
    (first_work, first), (last_work, last) = points[0], points[-1]
    said = f"The {up} of trials trained to the end, against {across}: {first:.4f} after {first_work:,}"
    faint = "; dotted, those judged on their way" if len(curves) > 1 else ""
    if len(points) == 1:
        return f"{said}, not bettered up to {until:,}{faint}."
    there = next(work for work, value in points if abs(value - first) >= abs(last - first) / 2)
    times = counted(len([*pairwise(points)]), "time")
    half = f"half of that by {there:,}"
    return f"{said}, bettered {times} to {last:.4f} by {last_work:,}, {half}, of {until:,} in all{faint}."
