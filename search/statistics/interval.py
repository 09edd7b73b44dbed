"""A difference and how sure it is, as numbers alone."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Interval"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean difference and its 95 % bounds, in the metric's units.

    No bounds from fewer than two seeds, or where these differ by the same.
    """

    mean: float
    low: float | None
    high: float | None
