"""What a comparison has to tell of an arm's adapter."""

from __future__ import annotations

from evaluators.adapters.story import Story
from search.job.text_story import written_by
from search.show.number_format import ABSENT, mean_sd
from search.show.table import interval_cell
from spaces.counted import counted

from .leaderboard import Leaderboard
from .standing import Standing

__all__ = ["arm_story"]


def arm_story(board: Leaderboard, label: str, *, command: str | None) -> Story:
    """The arm beside the one that all are compared with, on the test rows, with what both wrote.

    label: the arm's.
    """
    wanted = dict.fromkeys(one for one in (board.baseline, label) if one is not None)
    by_label = {one.label: one for one in board.standings}
    on = f"{board.metric_title}, {counted(board.rows['test'], 'test row')}"
    header = ("method", "parameters", "seeds", on, f"minus {board.baseline or 'the baseline'} [95 %]")
    table = [_cells(by_label[one]) for one in wanted if one in by_label]
    written = written_by(board.text, label, baseline=board.baseline or label)
    return Story(board.task, by_label[label].budget, board.verdict, (header, *table), command, written)


def _cells(one: Standing) -> tuple[str, ...]:
    apart = None if one.difference is None else one.difference.interval
    return (
        one.label,
        ABSENT if one.end is None else f"{one.end:,}",
        f"{0 if one.metric is None else one.metric.count} of {len(one.metrics)}",
        "failed" if one.metric is None else mean_sd(one.metric.mean, one.metric.sd),
        interval_cell(apart).text,
    )
