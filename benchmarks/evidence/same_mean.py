"""Whether several cells that share their seeds differ among themselves at all."""

from __future__ import annotations

import numpy as np
from scipy import stats

__all__ = ["same_mean"]


def same_mean(losses: np.ndarray) -> float:
    """The p-value of the F test that all rows of (cells, seeds) have one mean, what seeds share taken out.

    A two-way analysis of variance without interaction; with two cells it is the paired t test. 1 where all
    rows are one, 0 where they lie apart by the same for every seed.
    """
    if (losses == losses[0]).all():
        return 1.0
    cells, seeds = losses.shape
    by_cell, by_seed = losses.mean(1, keepdims=True), losses.mean(0, keepdims=True)
    between = seeds * float(((by_cell - losses.mean()) ** 2).sum()) / (cells - 1)
    rest = float(((losses - by_cell - by_seed + losses.mean()) ** 2).sum()) / ((cells - 1) * (seeds - 1))
    if rest == 0:
        return 0.0
    return float(stats.f.sf(between / rest, cells - 1, (cells - 1) * (seeds - 1)))
