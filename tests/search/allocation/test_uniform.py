"""The uniform baseline: one rank everywhere, and the rest of the budget spread evenly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.allocation.uniform import uniform_allocation
from spaces.errors import UsageError
from spaces.search_space import SearchSpace

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
    assert sorted(space.rank_vector(uniform_allocation(space, 3 * 16, most=most)).tolist()) == [0, 1, 2]
    assert space.rank_vector(uniform_allocation(space, 9 * 16, most=most)).tolist() == [2, 0, 7]


def test_the_rest_of_the_budget_raises_sites_spread_over_the_network(opt_space):
    ranks = opt_space.rank_vector(uniform_allocation(opt_space, 2_300_000))
    assert set(ranks.tolist()) == {7, 8}
    assert 2_300_000 - 2048 < ranks.sum() * 2048 <= 2_300_000
    halves = np.array_split(ranks, 2)
    assert abs(int(halves[0].sum()) - int(halves[1].sum())) <= 8


@pytest.mark.parametrize("mean_rank", [1 / 8, 1 / 4, 1 / 2, 0.9, 5.4])
def test_no_role_and_no_layer_has_more_than_its_share_but_for_one_site(minilm_space, mean_rank):
    """Every n-th site of a network whose blocks are alike would be one role: at 1/8 it was `res1`."""
    budget = round(mean_rank * minilm_space.params_per_rank)
    spent = minilm_space.rank_vector(uniform_allocation(minilm_space, budget))
    spent = spent * [site.cost_per_rank for site in minilm_space.sites]
    for group in ("role", "layer"):
        names = np.array([getattr(site, group) for site in minilm_space.sites])
        for name in set(names.tolist()):
            share = mean_rank * sum(
                site.cost_per_rank for site in minilm_space.sites if getattr(site, group) == name
            )
            assert abs(spent[names == name].sum() - share) <= 1920, name


def test_a_site_that_can_have_no_rank_is_as_if_it_were_not_there(minilm_space):
    """A cohort's candidate, too, whose neighbours have more sites than it."""
    some = [place for place in range(47) if place % 5]
    fewer = SearchSpace(tuple(minilm_space.sites[place] for place in some), minilm_space.ranks)
    most = np.array([384 if place % 5 else 0 for place in range(47)])
    alone = uniform_allocation(fewer, 60_000)
    assert uniform_allocation(minilm_space, 60_000, most=most) == alone


def test_below_rank_one_as_many_sites_are_on_as_the_budget_has(make_space):
    space = make_space([(8, 8)] * 12, (0, 2))
    assert [rank for _, rank in uniform_allocation(space, 4 * 16 + 15).ranks] == [1] * 4


def test_a_seed_gives_another_turn_of_the_same_and_none_is_seed_0(minilm_space):
    turns = [uniform_allocation(minilm_space, 24_960, seed=seed) for seed in range(8)]
    assert len(set(turns)) > 4
    assert turns[0] == uniform_allocation(minilm_space, 24_960)
    assert len({uniform_allocation(minilm_space, 99_840, seed=seed) for seed in range(8)}) == 1


def test_where_one_site_alone_is_cheap_enough_it_is_on(make_space):
    space = make_space([(40, 40), (40, 40), (4, 4)], (0, 2))
    assert uniform_allocation(space, 10).ranks == (("layers.2.q", 1),)


def test_nothing_fits_is_a_usage_error(make_space):
    with pytest.raises(UsageError, match=r"max_params=7 is too small.*layers.1.q, needs 8"):
        uniform_allocation(make_space([(8, 8), (4, 4)], (0, 2)), 7)
