"""Ranks in proportion to weights fill the budget as far as a rank of one site allows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.allocation.proportional import proportional


@given(st.integers(0, 10_000), st.integers(200, 200_000))
def test_it_fits_and_not_one_more_rank_would(make_space, seed, budget):
    rng = np.random.default_rng(seed)
    space = make_space([(16, 16), (16, 64), (1, 16), (32, 32)], (0, 1))
    weights = rng.exponential(size=4) * (rng.random(4) < 0.7)
    if not weights.any():
        weights[0] = 1.0
    ranks = space.rank_vector(proportional(space, weights, budget))
    price = np.array([site.cost_per_rank for site in space.sites])
    full = ranks == [site.max_rank for site in space.sites]
    left = budget - int(ranks @ price)
    assert left >= 0
    assert not ranks[weights == 0].any()
    raisable = (weights > 0) & ~full & (price <= left)
    assert not raisable.any()


def test_ranks_follow_the_weights(make_space):
    space = make_space([(8, 8)] * 3, (0, 1))
    assert space.rank_vector(proportional(space, np.array([1.0, 2.0, 4.0]), 7 * 16)).tolist() == [1, 2, 4]
    assert space.rank_vector(proportional(space, np.array([0.0, 0.0, 4.0]), 3 * 16)).tolist() == [0, 0, 3]


def test_a_full_site_hands_its_share_to_the_others(make_space):
    space = make_space([(8, 8), (8, 8)], (0, 1))
    assert space.rank_vector(proportional(space, np.array([5.0, 1.0]), (8 + 6) * 16)).tolist() == [8, 6]


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0], [1.0, np.nan]])
def test_weights_that_mean_nothing_are_refused(make_space, weights):
    space = make_space([(8, 8)] * 2, (0, 1))
    with pytest.raises(ValueError, match="weights"):
        proportional(space, np.array(weights), 100)
