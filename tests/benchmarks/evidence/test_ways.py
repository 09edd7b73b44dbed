"""Each way spends its budget where its name says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.evidence.ways import At, Evenly, LikeIt, Picked, Randomly, Way
from search.allocation.uniform import uniform_allocation

Budgets = Callable[[float], At]


@pytest.mark.parametrize(
    "way",
    [
        Evenly("uniform"),
        Evenly("q and v", ("q", "v")),
        Evenly("fc1 and fc2", ("fc1", "fc2")),
        Evenly("late", layers=(4, 5)),
        Picked("mine"),
        Randomly(1),
        LikeIt(Picked("mine"), "roles"),
        LikeIt(Picked("mine"), "layers"),
        LikeIt(Picked("mine"), "roles x layers"),
    ],
    ids=lambda way: way.name,
)
@pytest.mark.parametrize("mean_rank", [1 / 8, 1 / 2, 2.0])
def test_a_way_spends_the_budget_and_repeats_itself(budget_of: Budgets, way: Way, mean_rank: float) -> None:
    at = budget_of(mean_rank)
    plan = way.plan(at, 3)
    assert at.max_params - 1920 < at.space.params(plan) <= at.max_params
    assert plan == way.plan(at, 3)


def test_evenly_stays_within_its_roles_and_layers(budget_of: Budgets) -> None:
    plan = Evenly("early q", ("q",), (0, 1)).plan(budget_of(1 / 2), 0)
    assert {name for name, _ in plan.ranks} == {"layers.0.q", "layers.1.q"}


def test_below_one_rank_seeds_take_turns_and_above_they_agree(budget_of: Budgets) -> None:
    way = Evenly("uniform")
    assert len({way.plan(budget_of(1 / 8), seed) for seed in range(8)}) > 4
    assert len({way.plan(budget_of(2.0), seed) for seed in range(8)}) == 1


@pytest.mark.parametrize("mean_rank", [1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 8.0])
def test_uniform_is_what_the_search_calls_uniform(budget_of: Budgets, mean_rank: float) -> None:
    at = budget_of(mean_rank)
    for seed in range(4):
        assert Evenly("uniform").plan(at, seed) == uniform_allocation(at.space, at.max_params, seed=seed)


def test_random_ones_differ_by_number_and_not_by_seed(budget_of: Budgets) -> None:
    at = budget_of(1 / 2)
    assert Randomly(1).plan(at, 0) == Randomly(1).plan(at, 1) != Randomly(2).plan(at, 0)


@pytest.mark.parametrize("by", ["roles", "layers"])
def test_its_likeness_gives_each_group_what_it_gives(budget_of: Budgets, by: str) -> None:
    at = budget_of(2.0)
    price = np.array([site.cost_per_rank for site in at.space.sites])
    groups = np.array([getattr(site, by.removesuffix("s")) for site in at.space.sites])
    own, like = (
        at.space.rank_vector(way.plan(at, 0)) * price
        for way in (Picked("mine"), LikeIt(Picked("mine"), by))  # type: ignore[arg-type]
    )
    for group in np.unique(groups):
        assert abs(own[groups == group].sum() - like[groups == group].sum()) <= 2 * 1920
