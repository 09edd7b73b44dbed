"""Random allocations meet the budget and differ from seed to seed."""

import numpy as np
import pytest

from search.allocation.random_allocation import random_allocation, random_ranks


def test_random_allocations_fill_the_budget_and_follow_the_seed(opt_space):
    first, same, other = (
        random_allocation(opt_space, 2_300_000, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first == same != other
    assert 2_300_000 - 2 * 2048 < opt_space.params(first) <= 2_300_000
    assert {rank for _, rank in first.ranks} == {2, 4, 8, 16, 32}


def test_a_narrow_site_draws_from_the_ranks_that_it_can_have_alike(make_space):
    space = make_space([(16, 16), (16, 4), (16, 1)], (0, 1, 2, 8))
    draws = np.array([random_ranks(space, rng=np.random.default_rng(seed)) for seed in range(600)])
    for drawn, own in zip(draws.T, ([0, 1, 2, 8], [0, 1, 2], [0, 1]), strict=True):
        ranks, counts = np.unique(drawn, return_counts=True)
        assert ranks.tolist() == own
        assert counts == pytest.approx(600 / len(own), rel=0.25)
