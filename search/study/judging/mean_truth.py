"""The truth about an allocation: its mean over seeds."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["mean_over_seeds"]


def mean_over_seeds(truth: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Mean truth over some seeds, in the truth's units, shape (..., allocations).

    truth: (allocations, all seeds), finite. seeds: (..., drawn) indices, repeats allowed. Rounded to 12
    digits of the largest value: accuracies that tie must not be told apart by the order of a sum.
    """
    mean: np.ndarray = np.moveaxis(truth[:, seeds].mean(axis=-1), 0, -1)
    largest = float(np.abs(mean).max(initial=0.0))
    return mean.round(12 - math.ceil(math.log10(largest))) if largest > 1e-280 else mean
