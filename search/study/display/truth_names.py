"""What the two truths are called wherever a person reads of them."""

from __future__ import annotations

from search.study.judging.report_card import StratumReport

__all__ = ["truth_name"]


def truth_name(report: StratumReport) -> str:
    """What the report judges by: the metric, whose F1 it is among it, or the loss."""
    return report.metric if report.truth == "metric" else "minus validation loss"
