"""Keeping what scores highest within a budget of parameters."""

from __future__ import annotations

import numpy as np

__all__ = ["top_within"]


def top_within(scores: np.ndarray, costs: np.ndarray, max_params: int) -> np.ndarray:
    """Which to keep, (n,) bool: in the order of falling score, each that still fits the budget.

    scores, costs: (n,), costs in parameters. With equal costs this is the top k, k = max_params // cost;
    with others it goes on past one that is too dear, so that no other one left out would still fit. Ties keep
    the order given. Raises ValueError on scores that are not finite.
    """
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite; training has diverged, lower the learning rate.")
    keep, left = np.zeros(len(scores), dtype=bool), max_params
    for index in np.argsort(-scores, kind="stable"):
        if costs[index] <= left:
            keep[index], left = True, left - costs[index]
    return keep
