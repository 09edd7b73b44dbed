"""All metrics that a task can be judged by, by name."""

from __future__ import annotations

from typing import Final

from spaces.unknown_name import unknown_name

from .classes import BINARY_METRICS, CLASS_METRICS
from .numbers import NUMBER_METRICS
from .of_tokens import TOKEN_METRICS

__all__ = ["METRICS", "check_metric"]

METRICS: Final = tuple(sorted({*CLASS_METRICS, *BINARY_METRICS, *NUMBER_METRICS, *TOKEN_METRICS}))


def check_metric(name: str) -> None:
    """Raises UsageError where there is no metric of that name."""
    if name not in METRICS:
        raise unknown_name("metric", name, METRICS)
