"""Repair turns any rank vector into one of the grid that fits the budget and is maximal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.allocation.repair import check_affordable, repair
from spaces.errors import UsageError

sides = st.integers(1, 40)  # a narrow site has some ranks of the grid, or none above 0
shapes = st.lists(st.tuples(sides, sides), min_size=1, max_size=10).map(lambda some: [(16, 16), *some])
grids = st.sampled_from([(0, 1), (0, 2, 4, 8), (0, 3, 5, 16), (0, 4)])


def is_maximal(ranks, space, max_params):
    left = max_params - space.params(space.allocation(ranks))
    grid = list(space.ranks)
    for rank, costs, can in zip(ranks.tolist(), space.costs, space.available, strict=True):
        column = grid.index(rank)
        if column + 1 < len(grid) and can[column + 1] and costs[column + 1] - costs[column] <= left:
            return False
    return True


@settings(max_examples=150, deadline=None)
@given(data=st.data(), shapes=shapes, grid=grids, max_params=st.integers(0, 4000), seed=st.integers(0, 99))
def test_the_result_is_of_the_grid_fits_and_is_maximal(make_space, data, shapes, grid, max_params, seed):
    space = make_space(shapes, grid)
    given_ranks = np.array(
        data.draw(st.lists(st.integers(0, 50), min_size=len(shapes), max_size=len(shapes)))
    )
    ranks = repair(given_ranks, space, max_params, rng=np.random.default_rng(seed))
    assert set(ranks.tolist()) <= set(grid)
    assert (ranks <= space.highest).all()
    assert space.params(space.allocation(ranks)) <= max_params
    assert is_maximal(ranks, space, max_params)
    again = repair(ranks, space, max_params, rng=np.random.default_rng(seed + 1))
    np.testing.assert_array_equal(again, ranks)


def test_off_grid_ranks_go_down_to_the_grid(make_space):
    space = make_space([(16, 16)] * 3, (0, 2, 8))
    ranks = repair(np.array([7, 3, 1]), space, 4 * 32, rng=np.random.default_rng(0))
    assert ranks.tolist() == [2, 2, 0]


def test_too_dear_ranks_come_down_and_the_choice_is_random_but_seeded(opt_space):
    full = np.full(143, 32)
    first, same, other = (
        repair(full, opt_space, 2_300_000, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()
    assert len(set(first.tolist())) > 2


@pytest.mark.parametrize("ranks", [np.array([1, 2]), np.array([1.5, 2, 0]), np.array([-1, 0, 0])])
def test_what_is_no_rank_vector_is_refused(make_space, ranks):
    with pytest.raises(ValueError, match="must be 3 whole numbers >= 0"):
        repair(ranks, make_space([(8, 8)] * 3, (0, 2)), 100, rng=np.random.default_rng(0))


def test_a_budget_below_the_cheapest_site_is_a_usage_error(make_space):
    space = make_space([(8, 8), (4, 4)], (0, 2, 4))
    check_affordable(space, 16)
    with pytest.raises(
        UsageError, match=r"max_params=15 is too small.*rank above 0, 2, needs 16.*layers.1.q"
    ):
        check_affordable(space, 15)
