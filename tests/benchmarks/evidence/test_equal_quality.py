"""Parameters for equal quality, against a search along the curve and a bootstrap by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.evidence.equal_quality import crossing, needed


def along(params: list[float], losses: list[float], target: float) -> float:
    """The first of a million points of the curve that is at the target."""
    at = np.geomspace(params[0], params[-1], 1_000_001)
    curve = np.interp(np.log(at), np.log(params), losses)
    below = np.flatnonzero(curve <= target)
    return float(at[below[0]]) if len(below) else math.inf


@pytest.mark.parametrize("target", [0.6, 0.45, 0.4, 0.36, 0.352, 0.34])
def test_the_crossing_is_where_the_curve_first_comes_down(target: float) -> None:
    params, losses = [6e3, 2.5e4, 1e5, 4e5], [0.5, 0.41, 0.43, 0.35]
    assert crossing(params, losses, target) == pytest.approx(along(params, losses, target), rel=1e-4)


def test_the_interval_is_that_of_resampled_seeds() -> None:
    rng = np.random.default_rng(0)
    params, drift = [6e3, 2.5e4, 1e5], rng.normal(0, 0.01, 8)  # which all budgets of a seed share
    losses = np.array([0.45, 0.41, 0.38])[:, None] + drift + rng.normal(0, 0.003, (3, 8))
    target = 0.40 + drift + rng.normal(0, 0.003, 8)
    found = needed(params, losses, target)
    draws = rng.integers(0, 8, (20_000, 8))
    each = np.array([crossing(params, losses[:, d].mean(1), target[d].mean()) for d in draws])
    assert found.params == crossing(params, losses.mean(1), target.mean())
    assert found.low == pytest.approx(np.quantile(each, 0.025), rel=0.05)
    assert found.high == pytest.approx(np.quantile(each, 0.975), rel=0.05)


def test_what_is_never_reached_is_infinite() -> None:
    found = needed([6e3, 1e5], np.full((2, 4), 0.5), np.full(4, 0.3))
    assert (found.params, found.low, found.high) == (math.inf,) * 3
