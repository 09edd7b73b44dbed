"""Allocations of a study: of equal cost, distinct, the same for the same seed, and spread over the space."""

from __future__ import annotations

import numpy as np
import pytest

from search.study.draw import draw_budget, draw_only, draw_shapes, draw_without
from search.study.origin import group_of
from spaces.search_space import SearchSpace
from tests.search.study.drawn_by import written

BUDGET = 585_728  # r = 2 everywhere


@pytest.fixture
def tables(opt_space, make_scores):
    """Two proxies of random, concave worth."""
    rng = np.random.default_rng(0)
    worth = [rng.exponential(size=(143, 5)).cumsum(axis=1) for _ in range(2)]
    return [make_scores(opt_space, one, name) for name, one in zip(("a", "b"), worth, strict=True)]


def drawn(space, tables, count, seed=0, budget=BUDGET):
    return draw_budget(draw_shapes(space, budget), tables, budget, count=count, seed=seed)


def numbers(draw):
    """By text, the random allocations of a draw."""
    return {written(one)[0]: one.allocation for one in draw if group_of(one.origins) == "random"}


def test_all_cost_the_same_within_one_percent_and_are_distinct(opt_space, tables):
    draw = drawn(opt_space, tables, 64)
    costs = np.array([opt_space.params(one.allocation) for one in draw])
    assert len({one.allocation for one in draw}) == len(draw) == 64
    assert costs.max() <= BUDGET
    assert costs.min() >= 0.99 * BUDGET


def test_uniform_comes_first_and_every_way_to_draw_is_there(opt_space, tables):
    draw = drawn(opt_space, tables, 64)
    origins = {origin for one in draw for origin in written(one)}
    assert written(draw[0])[0] == "uniform"
    assert origins >= {"lora only", "residual only", "cross only", "q only", "cut only"}
    assert any(origin.startswith("random ") for origin in origins)
    assert origins >= {"top-heavy", "bottom-heavy", "a/greedy", "a/exact", "b/greedy", "b/exact"}


def test_a_larger_draw_holds_the_random_ones_of_a_smaller(opt_space, tables):
    small, large = ([*numbers(drawn(opt_space, tables, count)).items()] for count in (40, 64))
    assert small == large[: len(small)]


def test_a_random_one_has_the_number_of_its_draw_though_draws_before_it_are_dropped(make_space, make_scores):
    space = make_space([(8, 8)] * 3, (0, 1, 2, 4))
    table = make_scores(space, np.array([[3.0, 4.0, 5.0], [1.0, 2.0, 3.0], [2.0, 3.0, 3.5]]))
    small, large = (
        {name: {site for site, _ in one.ranks} for name, one in numbers(found).items()}
        for found in (drawn(space, [table], 16, budget=budget) for budget in (96, 192))
    )
    shared = small.keys() & large.keys()
    assert shared
    assert all(small[name] <= large[name] for name in shared)
    by_turn = zip(small.values(), large.values(), strict=False)
    assert not all(fewer <= more for fewer, more in by_turn)


def test_the_seed_decides_the_draw(opt_space, tables):
    assert drawn(opt_space, tables, 40) == drawn(opt_space, tables, 40)
    assert drawn(opt_space, tables, 40) != drawn(opt_space, tables, 40, seed=1)


def test_a_third_is_kept_for_random_ones_however_many_proxies_there_are(opt_space, make_scores):
    rng = np.random.default_rng(0)
    many = [make_scores(opt_space, rng.exponential(size=(143, 5)).cumsum(axis=1), f"p{i}") for i in range(30)]
    draw = drawn(opt_space, many, 45)
    assert len(numbers(draw)) == 15


def test_picks_that_find_no_room_are_named(opt_space, make_scores, caplog):
    rng = np.random.default_rng(0)
    many = [make_scores(opt_space, rng.exponential(size=(143, 5)).cumsum(axis=1), f"p{i}") for i in range(9)]
    with caplog.at_level("INFO"):
        draw = drawn(opt_space, many, 30)
    kept = {origin for one in draw for origin in written(one)}
    (said,) = [record.getMessage() for record in caplog.records if "no room" in record.getMessage()]
    assert {f"p{i}/{picker}" for i in range(9) for picker in ("greedy", "exact")} == {
        name for name in {*kept, *said.partition("picks ")[2].split(", ")} if "/" in name
    }


def test_uniform_stays_where_ranks_are_too_coarse_for_the_budget(make_space, make_scores):
    space = make_space([(500, 500)] * 2, (0, 1, 2))
    draw = draw_budget(draw_shapes(space, 2900), [make_scores(space, np.ones((2, 2)))], 2900, count=4, seed=0)
    assert [written(one)[0] for one in draw] == ["uniform"]


def test_tilted_shapes_are_tilted(opt_space):
    shapes = {written(one)[0]: dict(one.allocation.ranks) for one in draw_shapes(opt_space, BUDGET)}
    layer = {site.name: site.layer for site in opt_space.sites}
    depth = {
        name: np.average([layer[site] for site in ranks], weights=list(ranks.values()))
        for name, ranks in shapes.items()
    }
    assert depth["bottom half"] < depth["bottom-heavy"] < depth["uniform"]
    assert depth["uniform"] < depth["top-heavy"] < depth["top half"]
    assert {site.rpartition(".")[2] for site in shapes["cut only"]} == {"cut"}


def test_a_shape_that_cannot_spend_the_budget_is_left_out(make_space):
    space = make_space([(4, 4)] * 4, (0, 1, 2, 4))  # all at full rank: 4 x 4 x 8 = 128
    assert all(space.params(one.allocation) >= 0.99 * 120 for one in draw_shapes(space, 120))
    assert not any("half" in written(one)[0] for one in draw_shapes(space, 120))


def test_sites_alone_and_left_out_differ_from_the_rest_in_one_site(opt_space):
    alone = draw_only(opt_space, 8)
    assert [dict(one.allocation.ranks) for one in alone] == [{site.name: 8} for site in opt_space.sites]
    whole, *rest = draw_without(opt_space, BUDGET)
    assert len(rest) == len(opt_space.sites)
    for site, one in zip(sorted(s.name for s in opt_space.sites), rest, strict=True):
        assert dict(whole.allocation.ranks).items() - dict(one.allocation.ranks).items() == {(site, 2)}


def test_one_site_needs_no_shape_but_uniform(make_space):
    space: SearchSpace = make_space([(8, 8)], (0, 1, 2))
    assert [written(one) for one in draw_shapes(space, 32)] == [("uniform",)]
