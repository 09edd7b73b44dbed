"""The leaderboard as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from search.show.difference_plot import DifferenceLine, draw_differences
from spaces.show.picture import short

from .leaderboard import Leaderboard
from .standing import Standing

__all__ = ["difference_lines", "draw_leaderboard"]


def draw_leaderboard(board: Leaderboard, path: Path) -> None:
    """Writes ``difference_figure`` of the arms that have a metric, as a PNG."""
    less = ", less is better" if board.direction == "minimize" else ""
    label, lines = f"test {short(board.metric_title)}{less}", difference_lines(board.standings)
    draw_differences(lines, path, title=board.title, label=label, baseline=board.baseline)


def difference_lines(standings: Sequence[Standing]) -> list[DifferenceLine]:
    """Of the arms that have a metric, in their order."""
    return [
        DifferenceLine(
            one.label,
            tuple(value for value in one.metrics if value is not None),
            one.metric.mean,
            one.difference.interval if one.difference else None,
        )
        for one in standings
        if one.metric is not None
    ]
