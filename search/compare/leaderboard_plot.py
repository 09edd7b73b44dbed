"""The leaderboard as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from search.show.difference_plot import DifferenceLine, draw_differences
from search.show.picture import short

from .leaderboard import Row

__all__ = ["difference_lines", "draw_leaderboard"]


def draw_leaderboard(rows: Sequence[Row], title: str, metric: str, baseline: str | None, path: Path) -> None:
    """Writes ``difference_figure`` of the rows that have a metric, as a PNG."""
    label = f"test {short(metric)}"
    draw_differences(difference_lines(rows), path, title=title, label=label, baseline=baseline)


def difference_lines(rows: Sequence[Row]) -> list[DifferenceLine]:
    """Of the rows that have a metric, in their order."""
    return [
        DifferenceLine(
            row.label,
            tuple(value for value in row.metrics if value is not None),
            row.metric.mean,
            row.difference.interval if row.difference else None,
        )
        for row in rows
        if row.metric is not None
    ]
