"""Finalists: the baseline apart, every kind of proposer in turn, no allocation twice."""

from dataclasses import replace

import pytest

from search.sampling.choose_finalists import choose_finalists
from search.sampling.proposals import Proposal
from search.sampling.proposer import UNIFORM_QV, Proposer
from spaces.allocation import Allocation


def proposers_of(text):
    """Of ``grad_norm/exact+tpe``."""
    pairs = [name.rpartition("/") for name in text.split("+")]
    return tuple(Proposer(name, proxy or None) for proxy, _, name in pairs)


def proposal(number, proposer, *scores):
    named = tuple((f"proxy{i}", score) for i, score in enumerate(scores))
    return Proposal(Allocation.of({"layers.0.q": number}), proposers_of(proposer), number, named)


PROPOSALS = [
    proposal(1, "uniform", 9, 9),
    proposal(2, "grad_norm/greedy+snip/exact", 8, 6),
    proposal(3, "grad_norm/exact", 8, 5),
    proposal(4, "snip/greedy", 4, 8),
    proposal(5, "tpe", 1, 1),
    proposal(6, "tpe", 5, 7),
    proposal(7, "tpe", 6, 2),
    proposal(8, "nsga2", 2, 2),
]


def numbers(count, proposals=PROPOSALS, seed=0):
    return [chosen.params for chosen in choose_finalists(proposals, count, seed=seed)]


def test_proxies_and_samplers_take_turns_and_send_their_best():
    assert numbers(4) == [2, 6, 4, 8]  # snip's exact is grad_norm's greedy, so snip sends its greedy
    assert numbers(5) == [2, 6, 4, 8, 3]


def test_a_proxy_sends_its_first_allocator_first_though_another_shared_a_proposal_earlier():
    shared = [
        proposal(2, "grad_norm/exact", 1),
        proposal(3, "grad_norm/topk+spectrum/topk", 1),
        proposal(4, "spectrum/exact", 1),
    ]
    assert numbers(2, shared) == [2, 4]


def test_a_proxy_of_proxies_is_one_sender_whatever_its_name_has_in_it():
    built = Proposer("exact", proxy="ensemble:snip+root:grad_norm")
    proposals = [
        Proposal(Allocation.of({"layers.0.q": 2}), (built,), 2, (("a", 1.0),)),
        Proposal(Allocation.of({"layers.0.q": 3}), (replace(built, name="topk"),), 3, (("a", 2.0),)),
        proposal(4, "snip/exact", 0.5),
    ]
    assert numbers(2, proposals) == [2, 4]


def test_the_baseline_is_no_finalist_and_a_large_count_takes_all_others():
    assert sorted(numbers(99)) == [2, 3, 4, 5, 6, 7, 8]
    assert numbers(99, [proposal(1, "uniform+grad_norm/greedy", 1)]) == []
    assert numbers(0) == []


def test_ties_of_mean_rank_are_broken_by_the_seed_alone():
    tied = [proposal(i, "tpe", 1, 1) for i in range(1, 9)]
    assert numbers(3, tied) == numbers(3, tied)
    assert len({tuple(numbers(3, tied, seed)) for seed in range(10)}) > 1


def test_what_is_usual_comes_first_and_its_place_is_taken_from_the_others():
    usual = replace(proposal(9, "tpe", 0, 0), proposers=(UNIFORM_QV,))
    assert numbers(3, [*PROPOSALS, usual]) == [9, *numbers(2)]
    assert numbers(1, [*PROPOSALS, usual]) == numbers(1)
    assert numbers(0, [*PROPOSALS, usual]) == []


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_usual_alone_is_the_only_finalist(count):
    usual = replace(proposal(9, "tpe", 0, 0), proposers=(UNIFORM_QV,))
    assert numbers(count, [PROPOSALS[0], usual]) == [9]


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="count=-1 must be >= 0"):
        numbers(-1)
