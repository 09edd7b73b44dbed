"""Which trials are of like size, so that they compete where there are several objectives."""

from __future__ import annotations

import math

__all__ = ["size_class"]


def size_class(params: int, largest: int) -> int:
    """0 for more than half of the largest number of parameters, 1 for more than a quarter, and so on.

    >>> [size_class(params, 100) for params in (100, 51, 50, 26, 25)]
    [0, 0, 1, 1, 2]
    """
    return math.floor(math.log2(largest / params) + 1e-9)
