"""spread: the root of the rank, at every site alike."""

from __future__ import annotations

import numpy as np

from proxies.registry import find_proxy, score_sites


def test_spread_is_the_root_of_constant(evidence):
    spread, rooted = score_sites([find_proxy("spread"), find_proxy("root:constant")], evidence)
    np.testing.assert_array_equal(spread.by_rank, rooted.by_rank)


def test_among_allocations_of_equal_cost_the_uniform_one_is_spread_most(evidence):
    (spread,) = score_sites([find_proxy("spread")], evidence)
    uniform = np.full((1, len(evidence.space.sites)), 2)
    on_off = np.where(np.arange(len(evidence.space.sites)) % 4 == 0, 8, 0)[None]
    assert spread.of_rank_vectors(uniform) > spread.of_rank_vectors(on_off)
