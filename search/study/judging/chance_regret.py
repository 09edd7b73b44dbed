"""What training k allocations drawn at random would lose: the line that a proxy's regret has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import comb

__all__ = ["chance_regret"]


def chance_regret(truth: np.ndarray, ks: Sequence[int]) -> dict[int, float]:
    """Expected regret@k of k distinct allocations drawn at random, in the truth's units, by k.

    truth: (allocations,), mean over seeds, more is better. Of n allocations the i-th worst is the best
    drawn in C(i - 1, k - 1) of the C(n, k) draws. Raises ValueError on a k outside 1 ... n.

    >>> chance_regret(np.array([0.0, 1.0, 2.0]), [1, 3])
    {1: 1.0, 3: 0.0}
    """
    ordered, count = np.sort(truth), len(truth)
    wrong = [k for k in ks if not 1 <= k <= count]
    if wrong:
        raise ValueError(f"k={wrong} must be from 1 to {count}, the number of allocations.")
    worse = np.arange(count)
    return {k: float(ordered[-1] - comb(worse, k - 1) @ ordered / comb(count, k)) for k in ks}
