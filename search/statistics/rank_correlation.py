"""How well one order agrees with another."""

from __future__ import annotations

from collections.abc import Sequence

from scipy import stats

from spaces.counted import counted

from .finite_sample import finite_sample

__all__ = ["rank_correlation"]


def rank_correlation(scores: Sequence[float], metrics: Sequence[float]) -> float | None:
    """Spearman's rank correlation in [-1, 1]; None from fewer than 3 points or where one side is constant.

    Raises ValueError where the lengths differ or a value is not finite.

    >>> round(rank_correlation([1, 2, 3, 4], [10, 20, 40, 30]), 6)
    0.8
    """
    if len(scores) != len(metrics):
        raise ValueError(
            f"{counted(len(scores), 'score')} and {counted(len(metrics), 'metric')} must pair up; pass "
            "one of each per point."
        )
    x, y = finite_sample("scores", scores), finite_sample("metrics", metrics)
    if len(x) < 3 or (x == x[0]).all() or (y == y[0]).all():
        return None
    return float(stats.spearmanr(x, y).statistic)
