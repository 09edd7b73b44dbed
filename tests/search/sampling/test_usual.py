"""What people use without a search is proposed where it is a choice of the space, at the same budget."""

import logging

from search.sampling.proposer import UNIFORM_QV
from search.sampling.usual import usual_allocations
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap

TAP = Tap("block", "in")


def space(roles, ranks=(0, 1, 8), width=16):
    sites = (
        Site(f"layers.{layer}.{role}", layer, role, "lora", width, width, TAP, TAP)
        for layer in (0, 1)
        for role in roles
    )
    return SearchSpace(tuple(sites), ranks)


def test_q_and_v_get_the_whole_budget_at_one_rank():
    ((proposer, allocation),) = usual_allocations(space("qkvo"), 32 * 12)
    assert proposer == UNIFORM_QV
    assert dict(allocation.ranks) == {f"layers.{layer}.{role}": 3 for layer in (0, 1) for role in "qv"}


def test_where_they_are_all_of_the_space_or_none_of_it_nothing_is_added():
    assert usual_allocations(space("qv"), 999) == usual_allocations(space("ko"), 999) == []


def test_a_budget_below_one_rank_or_above_the_grid_is_said(caplog):
    caplog.set_level(logging.INFO)
    assert usual_allocations(space("qkvo"), 31) == usual_allocations(space("qkvo"), 32 * 40) == []
    first, second = caplog.messages
    assert first.startswith("uniform[q,v] is not proposed: max_params=31 is too small")
    assert second == "uniform[q,v] is not proposed: at rank 10 it is above the grid's 8"
