"""A line per name: its value for every seed, and how it differs from a baseline's, with the interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.statistics.interval import Interval
from spaces.show.picture import EDGE, GREY, INK, bare, draw_title, new_figure, save_png, short

__all__ = ["DifferenceLine", "difference_figure", "draw_differences"]

_DOT: Final = "#0072b2"


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """A name's value for each seed that finished, their mean, and the difference; None of the baseline."""

    name: str
    values: tuple[float, ...]
    mean: float
    difference: Interval | None


def draw_differences(
    lines: Sequence[DifferenceLine], path: Path, *, title: str, label: str, baseline: str | None
) -> None:
    """Writes ``difference_figure`` as a PNG."""
    save_png(difference_figure(lines, title=title, label=label, baseline=baseline), path)


def difference_figure(
    lines: Sequence[DifferenceLine], *, title: str, label: str, baseline: str | None
) -> Figure:
    """Every seed's value and their mean; beside it the difference with its 95 % t interval.

    label: what the values are. baseline: the name of its line, which is marked; None where there is none. A
    point without a bar has no interval.
    """
    figure = new_figure(9.0, 1.8 + 0.3 * len(lines))
    left, right = figure.subplots(1, 2, sharey=True)
    for y, line in enumerate(lines):
        left.plot(line.values, [y] * len(line.values), "o", color=GREY, markersize=3.5, alpha=0.7)
        left.plot(line.mean, y, "|", color=INK, markersize=13, markeredgewidth=2)
        if line.name == baseline:
            right.plot(0.0, y, "D", color=INK, markersize=5)
        elif line.difference is not None:
            _draw_interval(right, y, line.difference)
    right.axvline(0.0, color=EDGE, linewidth=1, zorder=0)
    left.set_yticks(range(len(lines)), [short(line.name) for line in lines])
    left.set_ylim(len(lines) - 0.5, -0.5)
    left.set_xlabel(f"{label}\ndots: seeds, bar: mean", fontsize=9)
    if baseline is not None:
        right.set_xlabel(
            f"difference to {short(baseline, inches=2)}\n95 % t interval, uncorrected", fontsize=9
        )
    for axes in (left, right):
        bare(axes)
        axes.locator_params(axis="x", nbins=7)
        axes.grid(axis="x", color=EDGE, linewidth=0.4, alpha=0.6)
    draw_title(figure, title, size=9)
    return figure


def _draw_interval(axes: Axes, y: int, interval: Interval) -> None:
    if interval.high is not None:
        margin = interval.high - interval.mean
        axes.errorbar(interval.mean, y, xerr=margin, color=_DOT, linewidth=1.5, capsize=3)
    axes.plot(interval.mean, y, "o", color=_DOT, markersize=4)
