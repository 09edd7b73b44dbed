"""P-values corrected for how many were looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["holm"]


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Step-down corrected p-values in the order given: below 0.05, the family errs in at most 5 %.

    The i-th smallest of m (from 0) times m - i, never below a smaller one's, at most 1. Holds whatever
    the dependence. Source: Holm, Scandinavian Journal of Statistics 6 (1979). Raises ValueError where one
    is not in [0, 1].

    >>> holm([0.01, 0.25, 0.125])
    (0.03, 0.25, 0.25)
    """
    values = np.asarray(p_values, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"p_values={list(p_values)} must lie in [0, 1]; leave out the undefined ones.")
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)).clip(max=1.0)
    corrected = np.empty_like(values)
    corrected[order] = stepped
    return tuple(corrected.tolist())
