"""What people use without a search is proposed where it is a choice of the space, at the same budget."""

import logging

import numpy as np
import pytest

from proxies.site_scores import SiteScores
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


@pytest.mark.parametrize(("rank", "told"), [(7, False), (8, False), (9, True), (99, True)])
def test_they_have_no_rank_above_the_grid_and_a_budget_that_they_do_not_spend_is_said(rank, told, caplog):
    caplog.set_level(logging.INFO)
    whole = space("qkvo")
    ((_, allocation),) = usual_allocations(whole, 32 * 4 * rank)
    assert {rank for _, rank in allocation.ranks} == {min(rank, 8)}
    assert SiteScores.of_ranks("mine", "none", whole, np.zeros((8, 3))).of(allocation) == 0
    said = (
        f"uniform[q,v] has 1,024 of {128 * rank:,} parameters: all its sites are at the grid's greatest rank"
    )
    assert caplog.messages == ([said] if told else [])


def test_a_budget_below_one_rank_is_said(caplog):
    caplog.set_level(logging.INFO)
    assert usual_allocations(space("qkvo"), 31) == []
    (said,) = caplog.messages
    assert said.startswith("uniform[q,v] is not proposed: max_params=31 is too small")
