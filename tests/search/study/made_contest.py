"""A contest with made-up numbers."""

from __future__ import annotations

from search.statistics.interval import Interval
from search.statistics.paired import PairedDifference
from search.study.judging.stratum_report import Contest
from tests.search.study.drawn_by import drawn_by

__all__ = ["made_contest"]


def made_contest(
    origins: tuple[str, ...], truth: float, interval: Interval, p_holm: float | None, *, seeds: int = 3
) -> Contest:
    """interval: of the difference to the uniform allocation, whose mean every seed is given."""
    apart = PairedDifference(interval, p_holm, (interval.mean,) * seeds, p_holm)
    return Contest(drawn_by(*origins), truth, apart)
