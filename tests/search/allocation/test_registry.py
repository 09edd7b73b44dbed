"""What every allocator promises."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxies.site_scores import per_unit_of_rank
from search.allocation.registry import ALLOCATORS, find_allocator
from spaces.errors import UsageError


@pytest.mark.parametrize("name", ALLOCATORS)
@pytest.mark.parametrize("max_params", [2 * 8, 100, 333, 5000])
def test_the_budget_is_met_and_the_seed_decides(name, max_params, make_space):
    space = make_space([(4, 4), (8, 8), (16, 4), (4, 4), (9, 7)], (0, 2, 4))
    scores = per_unit_of_rank("constant", "none", space, np.ones(5))
    first, same = (
        ALLOCATORS[name](scores, max_params=max_params, rng=np.random.default_rng(5)) for _ in range(2)
    )
    assert first == same
    assert 0 < space.params(first) <= max_params


@pytest.mark.parametrize("name", ALLOCATORS)
def test_a_budget_below_the_cheapest_site_is_a_usage_error(name, make_space):
    scores = per_unit_of_rank("constant", "none", make_space([(4, 4), (8, 8)], (0, 1)), np.ones(2))
    with pytest.raises(UsageError, match=r"max_params=7 is too small.*Raise the budget"):
        ALLOCATORS[name](scores, max_params=7, rng=np.random.default_rng(0))


def test_an_unknown_name_lists_the_known_ones():
    assert find_allocator("exact") is ALLOCATORS["exact"]
    with pytest.raises(
        UsageError, match="`allocator='best'` is unknown; choose from uniform, random, topk, greedy, exact"
    ):
        find_allocator("best")


def test_importing_the_allocators_loads_neither_torch_nor_optuna():
    code = "import sys, search.allocation.registry; print({'torch', 'optuna'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


narrow_shapes = st.lists(
    st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1, max_size=5
)  # of which some are below the grid


@settings(max_examples=60, deadline=None)
@given(
    shapes=narrow_shapes,
    grid=st.sampled_from([(0, 1, 4, 16), (0, 2, 8), (0, 1, 2, 3)]),
    budget=st.floats(0.05, 1.3),
    seed=st.integers(0, 1000),
)
@pytest.mark.parametrize("name", ALLOCATORS)
def test_no_site_gets_a_rank_that_it_cannot_have(name, make_space, make_scores, shapes, grid, budget, seed):
    space = make_space([(24, 24), *shapes], grid)  # one site that has the whole grid
    worth = np.random.default_rng(seed).normal(0.5, 1.0, size=(len(shapes) + 1, len(grid) - 1))
    scores = make_scores(space, worth.cumsum(axis=1))
    lowest = min(space.costs[space.available[:, 1], 1])
    max_params = max(int(budget * space.most_params), int(lowest))
    allocation = ALLOCATORS[name](scores, max_params=max_params, rng=np.random.default_rng(seed))
    ranks = space.rank_vector(allocation)
    assert (ranks <= [site.max_rank for site in space.sites]).all()
    assert space.params(allocation) <= max_params
    if name != "uniform":  # which need not be of the grid
        assert set(ranks.tolist()) <= set(grid)
