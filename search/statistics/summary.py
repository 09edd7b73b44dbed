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

    >>> print(Summary.of([0.81, 0.83, 0.82]))
    0.8200 ± 0.0100
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

    def __str__(self) -> str:
        return f"{self.mean:.4f}" if self.sd is None else f"{self.mean:.4f} ± {self.sd:.4f}"
