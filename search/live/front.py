"""The trials than which none is better in all objectives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["nondominated"]


def nondominated(values: np.ndarray, larger_is_better: Sequence[bool]) -> list[int]:
    """Indices of the points that no other dominates, in order; of equal points the first alone.

    A point dominates another where it is no worse in any objective and better in one. values: (points,
    objectives), finite. Time is linear in objectives and quadratic in points.

    >>> nondominated(np.array([[0.9, 500], [0.8, 100], [0.8, 200], [0.7, 90]]), [True, False])
    [0, 1, 3]
    """
    costs = np.where(larger_is_better, -values, values)
    kept = []
    for index, cost in enumerate(costs):
        no_worse = (costs <= cost).all(axis=1)
        better = (costs < cost).any(axis=1)
        equal_before = (costs[:index] == cost).all(axis=1).any()
        if not (no_worse & better).any() and not equal_before:
            kept.append(index)
    return kept
