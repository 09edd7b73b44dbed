"""The finalists of a search as a picture: every seed's metric, and the difference to the baseline."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from search.show.difference_plot import DifferenceLine, draw_differences
from spaces.show.picture import short

from .record import FinalistRecord, SearchRecord
from .table import base_of

__all__ = ["draw_finalists", "finalist_lines"]


def draw_finalists(record: SearchRecord, path: Path) -> None:
    """Writes ``difference_figure`` of those that finished a run, on the rows that chose, as a PNG."""
    less = ", less is better" if record.direction == "minimize" else ""
    draw_differences(
        finalist_lines(record),
        path,
        title="Finalists on the rows that chose",
        label=f"{short(record.metric_title)}{less}",
        baseline=base_of(record),
    )


def finalist_lines(record: SearchRecord) -> list[DifferenceLine]:
    """The finalists, the best first, then the baseline; last the chosen one on the rows that were used once,
    where it is another than the baseline."""
    entries = [*record.finalists, record.baseline]
    lines = [_line(one) for one in entries if one.metric_mean is not None]
    best, test = record.best, record.best.test
    if not best.is_baseline and test is not None and test.mean is not None:
        name = f"{best.finalist.proposers[0]} on test rows"
        lines.append(DifferenceLine(name, _known(test.metrics), test.mean, best.test_difference))
    return lines


def _line(one: FinalistRecord) -> DifferenceLine:
    assert one.metric_mean is not None, "it finished a run"
    return DifferenceLine(one.proposers[0], _known(one.metrics.values()), one.metric_mean, one.difference)


def _known(values: Iterable[float | None]) -> tuple[float, ...]:
    return tuple(value for value in values if value is not None)
