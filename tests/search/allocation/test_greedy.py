"""Greedy spends by worth per parameter, over jumps of any height."""

import numpy as np
import pytest

from proxies.site_scores import per_unit_of_rank
from search.allocation.greedy import greedy_allocation


def test_it_prefers_worth_per_parameter_to_worth(make_space, make_scores):
    space = make_space([(16, 16), (4, 4)], (0, 2))
    scores = make_scores(space, np.array([[2.0], [1.0]]))
    assert greedy_allocation(scores, max_params=64, rng=np.random.default_rng(0)).ranks == (
        ("layers.1.q", 2),
    )


def test_it_jumps_over_ranks_that_alone_are_worth_little(make_space, make_scores):
    scores = make_scores(
        make_space([(8, 8), (8, 8)], (0, 1, 2, 4)), np.array([[0.0, 0.1, 8.0], [1.0, 1.5, 2.0]])
    )
    assert greedy_allocation(scores, max_params=64, rng=np.random.default_rng(0)).ranks == (
        ("layers.0.q", 4),
    )


def test_negative_worth_is_never_bought(make_space, make_scores):
    scores = make_scores(
        make_space([(8, 8)] * 3, (0, 2, 4)), np.array([[-1.0, -2.0], [2.0, 1.0], [-1.0, 3.0]])
    )
    ranks = scores.space.rank_vector(
        greedy_allocation(scores, max_params=10_000, rng=np.random.default_rng(0))
    )
    assert ranks.tolist() == [0, 2, 4]


def test_on_concave_worth_it_fills_water(opt_space, make_scores):
    gains = np.sort(np.random.default_rng(0).exponential(size=(143, 32)), axis=1)[:, ::-1].cumsum(axis=1)
    scores = make_scores(opt_space, gains[:, np.array(opt_space.ranks[1:]) - 1])
    allocation = greedy_allocation(scores, max_params=2_300_000, rng=np.random.default_rng(0))
    worth, costs = scores.by_rank, opt_space.costs
    columns = np.searchsorted(opt_space.ranks, opt_space.rank_vector(allocation))
    slopes = np.diff(worth, axis=1) / np.diff(costs, axis=1)
    bought = np.arange(5) < columns[:, None]
    # The dearest thing bought beats everything left that costs no more than what is left over.
    left = 2_300_000 - opt_space.params(allocation)
    next_up = np.arange(5) == columns[:, None]
    assert not (next_up & (np.diff(costs, axis=1) <= left) & (slopes > 0)).any()
    assert np.median(slopes[bought]) > np.median(slopes[~bought])


def test_ties_follow_the_generator(make_space):
    scores = per_unit_of_rank("constant", "none", make_space([(8, 8)] * 5, (0, 2)), np.ones(5))
    winners = [
        greedy_allocation(scores, max_params=32, rng=np.random.default_rng(seed)).ranks[0][0]
        for seed in range(200)
    ]
    assert winners[3] == greedy_allocation(scores, max_params=32, rng=np.random.default_rng(3)).ranks[0][0]
    counts = [winners.count(name) for name in sorted(set(winners))]
    assert len(counts) == 5
    assert counts == pytest.approx([40] * 5, abs=25)
