"""A line per method: its difference to uniform LoRA, seed by seed, with the interval."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from search.picture import EDGE, GREY, INK, bare, new_figure, save_png

from .leaderboard import Row

__all__ = ["draw_leaderboard", "leaderboard_figure"]

_DOT = "#0072b2"


def draw_leaderboard(rows: Sequence[Row], metric: str, path: Path) -> None:
    """Writes ``leaderboard_figure`` as a PNG."""
    save_png(leaderboard_figure(rows, metric), path)


def leaderboard_figure(rows: Sequence[Row], metric: str) -> Figure:
    """Every seed's metric and their mean; beside it the difference with its 95 % t interval."""
    shown = [row for row in rows if row.metric is not None]
    figure = new_figure(9.0, 1.5 + 0.3 * max(1, len(shown)))
    left, right = figure.subplots(1, 2, sharey=True)
    for y, row in enumerate(shown):
        assert row.metric is not None
        seeds = [value for value in row.metrics if value is not None]
        left.plot(seeds, [y] * len(seeds), "o", color=GREY, markersize=3.5, alpha=0.7)
        left.plot(row.metric.mean, y, "|", color=INK, markersize=13, markeredgewidth=2)
        if row.difference is not None:
            interval = row.difference.interval
            if interval.low is not None and interval.high is not None:
                right.plot([interval.low, interval.high], [y, y], color=_DOT, linewidth=1.5)
            right.plot(interval.mean, y, "o", color=_DOT, markersize=5)
    right.axvline(0.0, color=EDGE, linewidth=1, zorder=0)
    left.set_yticks(range(len(shown)), [row.label for row in shown])
    left.set_ylim(len(shown) - 0.5, -0.5)
    left.set_xlabel(f"test {metric}; bar: mean", fontsize=9)
    right.set_xlabel("difference to uniform LoRA, 95 % t interval", fontsize=9)
    for axes in (left, right):
        bare(axes)
        axes.grid(axis="x", color=EDGE, linewidth=0.4, alpha=0.6)
    return figure
