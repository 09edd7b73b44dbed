"""A line per method: its difference to uniform LoRA, seed by seed, with the interval."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from search.show.picture import EDGE, GREY, INK, bare, draw_title, new_figure, save_png, short

from .leaderboard import Row

__all__ = ["draw_leaderboard", "leaderboard_figure"]

_DOT = "#0072b2"


def draw_leaderboard(rows: Sequence[Row], title: str, metric: str, baseline: str | None, path: Path) -> None:
    """Writes ``leaderboard_figure`` as a PNG."""
    save_png(leaderboard_figure(rows, title, metric, baseline), path)


def leaderboard_figure(rows: Sequence[Row], title: str, metric: str, baseline: str | None) -> Figure:
    """Every seed's metric and their mean; beside it the difference with its 95 % t interval.

    The baseline is marked; a point without a bar has no interval. At least one row must have a metric.
    """
    shown = [row for row in rows if row.metric is not None]
    figure = new_figure(9.0, 1.8 + 0.3 * len(shown))
    left, right = figure.subplots(1, 2, sharey=True)
    for y, row in enumerate(shown):
        assert row.metric is not None
        seeds = [value for value in row.metrics if value is not None]
        left.plot(seeds, [y] * len(seeds), "o", color=GREY, markersize=3.5, alpha=0.7)
        left.plot(row.metric.mean, y, "|", color=INK, markersize=13, markeredgewidth=2)
        if row.label == baseline:
            right.plot(0.0, y, "D", color=INK, markersize=5)
        elif row.difference is not None:
            interval = row.difference.interval
            if interval.low is not None and interval.high is not None:
                right.errorbar(
                    interval.mean, y, xerr=interval.high - interval.mean, color=_DOT, linewidth=1.5, capsize=3
                )
            right.plot(interval.mean, y, "o", color=_DOT, markersize=4)
    right.axvline(0.0, color=EDGE, linewidth=1, zorder=0)
    left.set_yticks(range(len(shown)), [short(row.label) for row in shown])
    left.set_ylim(len(shown) - 0.5, -0.5)
    left.set_xlabel(f"test {short(metric)}\ndots: seeds, bar: mean", fontsize=9)
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
