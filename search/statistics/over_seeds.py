"""What a handful of seeds can say: summaries, paired differences, rank correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from spaces.counted import counted

__all__ = [
    "Interval",
    "Summary",
    "doubt_of",
    "paired_difference",
    "paired_p_value",
    "rank_correlation",
    "said_of_difference",
    "said_of_p",
]

LEAST_SEEDS: Final = 3
LEVEL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean and standard deviation over seeds, in the metric's units.

    sd: with n - 1 in the denominator; None with one seed.
    """

    mean: float
    sd: float | None
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Summary:
        """Summary of at least one value; raises ValueError on none or on a NaN."""
        sample = _finite("values", values)
        if not len(sample):
            raise ValueError("values=[] has no mean; pass the metric of at least one seed.")
        sd = float(sample.std(ddof=1)) if len(sample) > 1 else None
        return cls(float(sample.mean()), sd, len(sample))

    def __str__(self) -> str:
        return f"{self.mean:.4f}" if self.sd is None else f"{self.mean:.4f} ± {self.sd:.4f}"


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean difference and its 95 % bounds, in the metric's units; no bounds from fewer than two seeds."""

    mean: float
    low: float | None
    high: float | None


def paired_difference(a: Sequence[float], b: Sequence[float]) -> Interval:
    """Mean of a - b over seeds with its 95 % Student t interval; a[i] and b[i] share seed i.

    Where all differences are equal the interval is that one point. Raises ValueError where the
    lengths differ, are 0, or a value is not finite.
    """
    if len(a) != len(b) or not len(a):
        raise ValueError(
            f"{len(a)} and {counted(len(b), 'value')} cannot be paired; pass one per seed, the same "
            "seeds for both."
        )
    difference = _finite("a", a) - _finite("b", b)
    mean = float(difference.mean())
    if len(difference) < 2:
        return Interval(mean, None, None)
    error = float(difference.std(ddof=1)) / math.sqrt(len(difference))
    margin = float(stats.t.ppf(0.975, df=len(difference) - 1)) * error
    return Interval(mean, mean - margin, mean + margin)


def paired_p_value(differences: np.ndarray) -> float | None:
    """Two-sided, of the one-sample t test; None from one difference, 1 where all are equal.

    Equal differences come of a metric's coarse steps: they say nothing of what chance does.
    """
    if len(differences) < 2:
        return None
    if np.ptp(differences) <= 1e-12 * np.abs(differences).max():
        return 1.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def doubt_of(differences: Sequence[float], p_value: float | None) -> str | None:
    """Why paired differences over seeds show nothing, to end a sentence with; None where they do show it.

    Empty where they are merely within chance. p_value: corrected for all that was asked beside it. Nothing
    is shown by fewer than three seeds, or by differences that are all equal, which come of a metric's coarse
    steps.
    """
    if len(differences) < LEAST_SEEDS:
        return f", too few to show anything (--seeds {LEAST_SEEDS} or more)"
    if np.ptp(differences) <= 1e-12 * np.abs(differences).max():
        return ", the same for all, as a metric's coarse steps can give"
    return None if p_value is not None and p_value < LEVEL else ""


def said_of_difference(mean: float, low: float | None, high: float | None) -> str:
    """``+0.0042 [-0.0003, +0.0086]``, without bounds where there are none; what rounds to 0 has no minus."""
    return f"{mean:+z.4f}" + ("" if low is None else f" [{low:+z.4f}, {high:+z.4f}]")


def said_of_p(p_value: float) -> str:
    """``p < 0.001``, ``p = 0.042``: none is said to be 0."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def rank_correlation(scores: Sequence[float], metrics: Sequence[float]) -> float | None:
    """Spearman's rank correlation in [-1, 1]; None from fewer than 3 points or where one side is constant.

    Raises ValueError where the lengths differ or a value is not finite.
    """
    if len(scores) != len(metrics):
        raise ValueError(
            f"{counted(len(scores), 'score')} and {counted(len(metrics), 'metric')} must pair up; pass "
            "one of each per point."
        )
    x, y = _finite("scores", scores), _finite("metrics", metrics)
    if len(x) < 3 or (x == x[0]).all() or (y == y[0]).all():
        return None
    return float(stats.spearmanr(x, y).statistic)


def _finite(name: str, values: Sequence[float]) -> np.ndarray:
    sample = np.asarray(values, dtype=np.float64)
    if not np.isfinite(sample).all():
        raise ValueError(f"{name}={list(values)} must be finite; leave out candidates that failed.")
    return sample
