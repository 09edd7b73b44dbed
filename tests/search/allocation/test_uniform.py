"""The uniform baseline: one rank everywhere, and the rest of the budget spread evenly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.allocation.uniform import uniform_allocation
from spaces.errors import UsageError

sides = st.integers(1, 40)
shapes = st.lists(st.tuples(sides, sides), min_size=1, max_size=8).map(lambda some: [(8, 8), *some])


@settings(max_examples=60, deadline=None)
@given(shapes=shapes, max_params=st.integers(90, 5000))
def test_ranks_differ_by_one_at_most_and_the_budget_is_spent(make_space, shapes, max_params):
    space = make_space(shapes, (0, 2, 4))
    ranks = space.rank_vector(uniform_allocation(space, max_params))
    spent = int(ranks @ space.costs[:, 1]) // space.ranks[1]
    full = np.array([min(shape) for shape in shapes])
    assert spent <= max_params
    assert (ranks <= full).all()
    wider = ranks < full
    if wider.any():  # the narrower ones are at their full rank
        level = ranks[wider].min()
        assert (ranks >= np.minimum(level, full)).all()
        assert (ranks <= level + 1).all()
        assert max_params - spent < max(sum(shape) for shape in shapes) * 2  # about what one more site costs


def test_a_budget_of_rank_r_gives_rank_r_everywhere(make_space):
    space = make_space([(8, 8), (16, 8)], (0, 2))
    assert uniform_allocation(space, 3 * space.params_per_rank).ranks == (
        ("layers.0.q", 3),
        ("layers.1.q", 3),
    )


def test_a_narrow_site_is_at_its_full_rank_and_the_others_share_what_it_leaves(make_space):
    space = make_space([(8, 8), (8, 1), (8, 8)], (0, 2))
    assert space.rank_vector(uniform_allocation(space, 2 * 4 * 16 + 9)).tolist() == [4, 1, 4]
    assert space.rank_vector(uniform_allocation(space, 10_000)).tolist() == [8, 1, 8]


def test_no_site_is_above_the_ranks_that_are_given(make_space):
    space = make_space([(8, 8)] * 3, (0, 2))
    most = np.array([2, 0, 8])
    assert space.rank_vector(uniform_allocation(space, 3 * 16, most=most)).tolist() == [1, 0, 2]
    assert space.rank_vector(uniform_allocation(space, 9 * 16, most=most)).tolist() == [2, 0, 7]


def test_the_rest_of_the_budget_raises_sites_spread_over_the_network(opt_space):
    ranks = opt_space.rank_vector(uniform_allocation(opt_space, 2_300_000))
    assert set(ranks.tolist()) == {7, 8}
    assert 2_300_000 - 2048 < ranks.sum() * 2048 <= 2_300_000
    halves = np.array_split(ranks, 2)
    assert abs(int(halves[0].sum()) - int(halves[1].sum())) <= 8


def test_below_rank_one_the_sites_that_are_on_are_spread_evenly(make_space):
    space = make_space([(8, 8)] * 12, (0, 2))
    assert [name for name, _ in uniform_allocation(space, 4 * 16 + 15).ranks] == sorted(
        f"layers.{i}.q" for i in (1, 4, 7, 10)
    )


def test_a_dear_middle_site_leaves_the_cheapest(make_space):
    space = make_space([(40, 40), (40, 40), (4, 4)], (0, 2))
    assert uniform_allocation(space, 10).ranks == (("layers.2.q", 1),)


def test_nothing_fits_is_a_usage_error(make_space):
    with pytest.raises(UsageError, match=r"max_params=7 is too small.*layers.1.q, needs 8"):
        uniform_allocation(make_space([(8, 8), (4, 4)], (0, 2)), 7)
