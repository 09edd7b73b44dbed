"""Top-k: the best sites on at one rank while the budget lasts."""

import numpy as np
import pytest

from proxies.site_scores import per_unit_of_rank
from search.allocation.topk import topk_allocation


def on(allocation):
    return {int(name.split(".")[1]): rank for name, rank in allocation.ranks}


def test_the_best_sites_are_on_at_the_largest_rank(make_space):
    scores = per_unit_of_rank("planted", "dense", make_space([(8, 8)] * 4, (0, 2, 4)), [1.0, 4.0, 3.0, 2.0])
    assert on(topk_allocation(scores, max_params=2 * 64 + 63, rng=np.random.default_rng(0))) == {1: 4, 2: 4}


def test_a_site_that_no_longer_fits_is_skipped_for_a_cheaper_one(make_space):
    scores = per_unit_of_rank(
        "planted", "dense", make_space([(8, 8), (16, 16), (8, 8)], (0, 2)), [3.0, 2.0, 1.0]
    )
    assert on(topk_allocation(scores, max_params=64, rng=np.random.default_rng(0))) == {0: 2, 2: 2}


def test_a_small_budget_takes_the_largest_rank_at_which_one_site_fits(make_space):
    scores = per_unit_of_rank("planted", "dense", make_space([(8, 8)] * 3, (0, 2, 4, 8)), [1.0, 3.0, 2.0])
    assert on(topk_allocation(scores, max_params=70, rng=np.random.default_rng(0))) == {1: 4}


def test_ties_are_broken_uniformly_and_only_by_the_generator(make_space):
    scores = per_unit_of_rank("constant", "none", make_space([(8, 8)] * 4, (0, 2)), np.ones(4))

    def winner(seed):
        return next(iter(on(topk_allocation(scores, max_params=32, rng=np.random.default_rng(seed)))))

    wins = np.bincount([winner(seed) for seed in range(400)], minlength=4)
    assert winner(7) == winner(7)
    assert wins == pytest.approx(100, abs=35)


def test_a_narrow_site_is_on_at_the_highest_rank_that_it_can_have(make_space):
    space = make_space([(8, 8), (8, 3), (8, 8)], (0, 2, 4))
    scores = per_unit_of_rank("planted", "dense", space, [1.0, 4.0, 3.0])
    assert on(topk_allocation(scores, max_params=2 * 11 + 64, rng=np.random.default_rng(0))) == {1: 2, 2: 4}
