"""Which rows of a task a metric is of."""

from typing import Literal

__all__ = ["ReportOn"]

ReportOn = Literal["validation", "test"]
"""Those to choose by, cut from the training rows, or those to report."""
