"""Numbers that a statistic can be taken of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["finite_sample"]


def finite_sample(name: str, values: Sequence[float]) -> np.ndarray:
    """The values as a float64 array; raises ValueError, which calls them ``name``, on NaN or infinity."""
    sample = np.asarray(values, dtype=np.float64)
    if not np.isfinite(sample).all():
        raise ValueError(f"{name}={list(values)} must be finite; leave out candidates that failed.")
    return sample
