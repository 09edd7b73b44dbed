"""The proxies' picks: distinct, in turn, and where budgets differ of four of them."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.site_scores import per_unit_of_rank
from search.allocation.registry import find_allocator
from search.live.picks import picks_of
from search.sampling.running_study import Alternatives

MOST = 32 * 10 * 2


@pytest.fixture
def space(make_space):
    return make_space([(16, 16)] * 10, (0, 1, 2, 4))


@pytest.fixture
def scores(space):
    rng = np.random.default_rng(0)
    return [per_unit_of_rank(name, "dense", space, rng.exponential(size=10)) for name in ("a", "b", "c")]


def choices(least):
    return Alternatives((1e-3,), ("alpha/r",), least, MOST)


def test_each_is_what_its_allocator_gives_within_its_budget(space, scores):
    found = picks_of(scores, choices(MOST // 8), allocators=("greedy", "exact"), count=99, seed=0)
    by_name = {table.proxy: table for table in scores}
    for one, budget in found:
        for proposer in one.proposers:
            rng = np.random.default_rng(0)
            own = find_allocator(proposer.name)(by_name[proposer.proxy], max_params=budget, rng=rng)
            assert own == one.allocation
        assert one.params == space.params(one.allocation) <= budget
        assert dict(one.scores) == {table.proxy: table.of(one.allocation) for table in scores}
    assert len({one.allocation for one, _ in found}) == len(found)


def test_where_budgets_differ_there_are_four_evenly_apart_in_ratio_the_largest_first(scores):
    found = picks_of(scores, choices(MOST // 8), allocators=("greedy",), count=99, seed=0)
    assert [budget for _, budget in found[:4]] == [MOST, MOST // 2, MOST // 4, MOST // 8]
    assert {
        budget for _, budget in picks_of(scores, choices(MOST), allocators=("greedy",), count=9, seed=0)
    } == {MOST}


def test_all_proxies_have_their_turn_before_one_has_a_second(scores):
    found = picks_of(scores, choices(MOST), allocators=("greedy", "topk"), count=3, seed=0)
    assert {one.proposers[0].proxy for one, _ in found} == {"a", "b", "c"}
    assert picks_of(scores, choices(MOST), allocators=("greedy",), count=0, seed=0) == []
