"""A line per name: a rank correlation with its interval, and the ceiling that noise sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spaces.show.picture import GREY, INK, PALE, bare, draw_title, new_figure, save_png, short

from .number_format import UNDEFINED, decimal, with_interval

__all__ = ["ForestLine", "draw_forest", "forest"]

_DOT: Final = "#0072b2"
_CEILING: Final = "#d55e00"


@dataclass(frozen=True, slots=True)
class ForestLine:
    """A correlation and its bounds, in [-1, 1]; None where undefined. significant: above 0, corrected."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    significant: bool


def draw_forest(
    lines: Sequence[ForestLine], path: Path, *, title: str, label: str, ceiling: float | None
) -> None:
    """Writes ``forest`` as a PNG."""
    save_png(forest(lines, title=title, label=label, ceiling=ceiling), path)


def forest(lines: Sequence[ForestLine], *, title: str, label: str, ceiling: float | None) -> Figure:
    """Correlation and interval of each line, the best on top, undefined ones at the bottom.

    A filled marker is significant, a hollow one is not. Vertical lines are at 0 and, where it is known, at
    plus and minus the ceiling. label: of the axis.
    """
    rows = sorted(lines, key=lambda line: (line.value is None, -(line.value or 0.0)))
    figure = new_figure(8.0, 1.75 + 0.27 * max(1, len(rows)))
    axes = figure.subplots()
    axes.axvline(0, color=GREY, linewidth=1, zorder=0)
    for side in () if ceiling is None else (-ceiling, ceiling):
        axes.axvline(side, color=_CEILING, linewidth=1.1, linestyle=(0, (5, 3)), zorder=0)
    for row, line in enumerate(rows):
        _draw_line(axes, row, line)
    axes.set_yticks(range(len(rows)), [short(line.name) for line in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-1.03, 1.03)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1], ["-1", "-0.5", "0", "+0.5", "+1"])
    axes.set_xlabel(label, fontsize=8.5)
    bare(axes)
    axes.tick_params(axis="y", length=0, labelsize=8.5)
    draw_title(figure, title)
    figure.legend(handles=_legend(ceiling), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def _draw_line(axes: Axes, row: int, line: ForestLine) -> None:
    """A marker and its interval, and the same in figures on the right."""
    axes.axhline(row, color=PALE, linewidth=0.6, zorder=-1)
    numbers = with_interval(line.value, line.low, line.high)
    axes.annotate(
        numbers,
        (1, row),
        xytext=(6, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=GREY if numbers == UNDEFINED else INK,
        annotation_clip=False,
    )
    if line.value is None:
        return
    if line.low is not None and line.high is not None:
        axes.plot([line.low, line.high], [row, row], color=_DOT, linewidth=1.6, solid_capstyle="butt")
    fill = _DOT if line.significant else "white"
    axes.plot(line.value, row, "o", markersize=6.5, markerfacecolor=fill, markeredgecolor=_DOT, zorder=3)


def _legend(ceiling: float | None) -> Sequence[Line2D]:
    handles = [_marker(_DOT, "above 0 after Holm's correction"), _marker("white", "not above 0 after it")]
    if ceiling is not None:
        label = f"noise ceiling, ±{decimal(ceiling)}"
        handles.append(Line2D([], [], color=_CEILING, linestyle=(0, (5, 3)), label=label))
    return handles


def _marker(fill: str, label: str) -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker="o", markeredgecolor=_DOT, markerfacecolor=fill, label=label
    )
