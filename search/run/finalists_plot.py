"""The finalists of a search as a picture: every seed's metric, and the difference to the baseline."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from search.show.difference_plot import DifferenceLine, draw_differences
from spaces.show.picture import short

from .record import FinalistRecord, SearchRecord

__all__ = ["draw_finalists", "finalist_lines"]


def draw_finalists(record: SearchRecord, path: Path) -> None:
    """Writes ``difference_figure`` of those that finished a run, on the rows that chose, as a PNG."""
    less = ", less is better" if record.direction == "minimize" else ""
    draw_differences(
        finalist_lines(record),
        path,
        title="Finalists on the rows that chose",
        label=f"{short(record.metric_title)}{less}",
        baseline=_name(record.baseline),
    )


def finalist_lines(record: SearchRecord) -> list[DifferenceLine]:
    """The finalists, the best first, then the baseline; last the chosen one on the rows that were used once,
    where it is another than the baseline."""
    entries = [*record.finalists, record.baseline]
    lines = [
        DifferenceLine(_name(one), _known(one.metrics.values()), one.metric_mean, one.difference)
        for one in entries
        if one.metric_mean is not None
    ]
    best, test = record.best, record.best.test
    if not best.is_baseline and test is not None and test.mean is not None:
        name = f"{_name(best.finalist)} on test rows"
        lines.append(DifferenceLine(name, _known(test.metrics), test.mean, best.test_difference))
    return lines


def _name(one: FinalistRecord) -> str:
    """Who proposed it, and where they were chosen too its rate and rule: some may have one proposer."""
    return f"{one.proposers[0]} ({one.how})" if one.how else one.proposers[0]


def _known(values: Iterable[float | None]) -> tuple[float, ...]:
    return tuple(value for value in values if value is not None)
