"""How much of what a model computes on is padding, told from the lengths of the rows alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .data_order import epoch_batches

__all__ = ["evaluation_padding", "training_padding"]


def training_padding(lengths: np.ndarray, batch_size: int, *, seeds: Sequence[int]) -> float:
    """The share of a first epoch's tokens that is padding, 0 to 1, where these seeds train together.

    lengths: (rows,), tokens of each. A step is padded to the longest row of any of the candidates' batches
    and, where one has fewer rows, filled up.

    >>> training_padding(np.array([4, 4, 2, 2]), 2, seeds=[0])  # rows of like length are put together
    0.0
    >>> training_padding(np.array([4, 2]), 2, seeds=[0, 1])
    0.25
    """
    asked = 0
    for step in zip(*(epoch_batches(lengths, batch_size, seed=seed, epoch=0) for seed in seeds), strict=True):
        asked += len(seeds) * max(map(len, step)) * max(int(lengths[batch].max()) for batch in step)
    return 1 - len(seeds) * int(lengths.sum()) / asked


def evaluation_padding(lengths: np.ndarray, size: int) -> float:
    """The same of rows that are asked for so many at a time, from the shortest to the longest.

    >>> evaluation_padding(np.array([3, 1, 3, 1]), 2)
    0.0
    """
    ascending = np.sort(lengths)
    batches = [ascending[start : start + size] for start in range(0, len(ascending), size)]
    return 1 - int(lengths.sum()) / sum(len(batch) * int(batch[-1]) for batch in batches)
