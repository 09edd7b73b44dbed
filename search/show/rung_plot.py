"""Trials of a live search as they were judged, rung by rung: who went on, who was pruned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spaces.counted import counted
from spaces.direction import Direction, sign_of
from spaces.show.picture import GREY, PALE, bare, draw_title, new_figure, save_png

__all__ = ["RungCurve", "TrialEnd", "draw_rungs", "rung_figure", "rung_finding"]

TrialEnd = Literal["running", "complete", "pruned", "failed"]
_LOOKS: Final = {  # colour, width of the line, how much of it covers what is behind
    "pruned": (GREY, 0.8, 0.35),
    "failed": ("#cc79a7", 0.8, 0.6),
    "running": ("#e69f00", 1.2, 0.9),
    "complete": ("#0072b2", 1.4, 0.9),
}
_BASELINE: Final = "#d55e00"


@dataclass(frozen=True, slots=True)
class RungCurve:
    """points: (optimizer step, value), by step. end: how the trial ended. baseline: whether others have to
    beat it."""

    points: tuple[tuple[int, float], ...]
    end: TrialEnd
    baseline: bool = False


def draw_rungs(curves: Sequence[RungCurve], path: Path, *, title: str, value: str) -> None:
    """Writes ``rung_figure`` as a PNG."""
    save_png(rung_figure(curves, title=title, value=value), path)


def rung_figure(curves: Sequence[RungCurve], *, title: str, value: str) -> Figure:
    """A line per trial over its rungs, steps on a logarithmic axis; pruned ones faint, baselines dashed."""
    figure = new_figure(7.6, 4.2)
    axes = figure.subplots()
    order = list(_LOOKS)
    for curve in sorted(curves, key=lambda one: (one.baseline, order.index(one.end))):
        colour, width, cover = _LOOKS[curve.end]
        axes.plot(
            [step for step, _ in curve.points],
            [own for _, own in curve.points],
            color=_BASELINE if curve.baseline else colour,
            linestyle="--" if curve.baseline else "-",
            linewidth=width,
            alpha=cover,
            marker="o",
            markersize=3,
        )
    steps = sorted({step for curve in curves for step, _ in curve.points})
    if steps:
        axes.set_xscale("log")
        axes.set_xticks(steps, [f"{step:,}" for step in steps])
        axes.set_xticks([], minor=True)
    axes.set_xlabel("optimizer steps, where trials were judged", fontsize=9)
    axes.set_ylabel(value, fontsize=9)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    bare(axes)
    if handles := _legend(curves):
        figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    draw_title(figure, title)
    return figure


def rung_finding(curves: Sequence[RungCurve], *, value: str, direction: Direction) -> str:
    """How many ended how, and the best at the last rung, a baseline or not."""
    ends = [counted(len(curves), "trial")]
    ends += [f"{count} {end}" for end in _LOOKS if (count := sum(curve.end == end for curve in curves))]
    reached = [curve for curve in curves if curve.points]
    said = f"Learning curves by rung of {ends[0]}: {', '.join(ends[1:])}" if curves else "No trial yet"
    if not reached:
        return f"{said}."
    last = max(curve.points[-1][0] for curve in reached)
    final = [(curve.points[-1][1], curve) for curve in reached if curve.points[-1][0] == last]
    best, whose = max(final, key=lambda one: sign_of(direction) * one[0])
    who = "a baseline" if whose.baseline else "no baseline"
    return f"{said}; the best {value} after {last:,} steps is {best:.4f}, of {who}."


def _legend(curves: Sequence[RungCurve]) -> list[Line2D]:
    there = [end for end in reversed(_LOOKS) if any(one.end == end and not one.baseline for one in curves)]
    handles = [
        Line2D([], [], color=_LOOKS[end][0], linewidth=_LOOKS[end][1], alpha=_LOOKS[end][2], label=end)
        for end in there
    ]
    if any(curve.baseline for curve in curves):
        handles.append(Line2D([], [], color=_BASELINE, linestyle="--", label="baseline"))
    return handles
