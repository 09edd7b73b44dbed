"""Random allocations meet the budget and differ from seed to seed."""

import numpy as np

from search.allocation.random_allocation import random_allocation


def test_random_allocations_fill_the_budget_and_follow_the_seed(opt_space):
    first, same, other = (
        random_allocation(opt_space, 2_300_000, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first == same != other
    assert 2_300_000 - 2 * 2048 < opt_space.params(first) <= 2_300_000
    assert {rank for _, rank in first.ranks} == {2, 4, 8, 16, 32}
