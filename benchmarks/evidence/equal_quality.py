"""How many parameters one way of allocating needs for what another reaches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Needed", "crossing", "needed"]


@dataclass(frozen=True, slots=True)
class Needed:
    """Parameters, with the 95 % interval of a bootstrap over seeds, which of few seeds covers less (of eight
    89 %); infinite where no budget of those there are is enough. least: the smallest of these; a number that
    is no larger may be any smaller one."""

    params: float
    low: float
    high: float
    least: float


def needed(
    params: Sequence[float], losses: np.ndarray, target: np.ndarray, *, resamples: int = 4000, seed: int = 0
) -> Needed:
    """The fewest parameters at which the mean loss comes down to the mean of the target.

    Args:
        params: (budgets,), ascending.
        losses: (budgets, seeds) of a way of allocating.
        target: (seeds,), losses of the same seeds; resampled with them, as they are paired.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """
    draws = np.random.default_rng(seed).integers(0, len(target), (resamples, len(target)))
    found = np.sort([crossing(params, losses[:, own].mean(1), float(target[own].mean())) for own in draws])
    low, high = (found[round(share * (resamples - 1))] for share in (0.025, 0.975))
    return Needed(crossing(params, losses.mean(1), float(target.mean())), float(low), float(high), params[0])


def crossing(params: Sequence[float], losses: Sequence[float] | np.ndarray, target: float) -> float:
    """Where a curve that is linear in the logarithm of the parameters first is at the target or below.

    params: ascending. Infinite where it nowhere is.

    >>> crossing([100, 10_000], [0.5, 0.3], 0.4)
    1000.0
    >>> crossing([100, 10_000], [0.5, 0.3], 0.2)
    inf
    """
    if losses[0] <= target:
        return float(params[0])
    for place in range(1, len(params)):
        above, below = losses[place - 1], losses[place]
        if below <= target:
            share = (above - target) / (above - below)
            return round(params[place - 1] * (params[place] / params[place - 1]) ** share, 9)
    return math.inf
