"""A metric over a handful of seeds: its mean and spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .finite_sample import finite_sample

__all__ = ["Summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean and standard deviation over seeds, in the metric's units.

    sd: with n - 1 in the denominator; None with one seed.

    >>> Summary.of([2.0, 4.0, 3.0])
    Summary(mean=3.0, sd=1.0, count=3)
    """

    mean: float
    sd: float | None
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Summary:
        """Summary of at least one value; raises ValueError on none or on a NaN."""
        sample = finite_sample("values", values)
        if not len(sample):
            raise ValueError("values=[] has no mean; pass the metric of at least one seed.")
        sd = float(sample.std(ddof=1)) if len(sample) > 1 else None
        return cls(float(sample.mean()), sd, len(sample))
