"""root:member is worth the member's site score times the root of the rank; spread, the root alone."""

from __future__ import annotations

import re

import numpy as np
import pytest

from proxies.registry import find_proxy, score_sites
from spaces.errors import UsageError


def test_worth_is_the_sites_score_times_the_root_of_the_rank(evidence):
    plain, rooted = score_sites([find_proxy("grad_norm"), find_proxy("root:grad_norm")], evidence)
    np.testing.assert_array_equal(rooted.by_site, plain.by_site)
    np.testing.assert_allclose(rooted.by_rank, plain.by_site[:, None] * np.sqrt([0, 1, 2, 8]))


def test_of_a_member_that_scores_allocations_whole_only_the_sites_scores_are_taken(evidence):
    (rooted,) = score_sites([find_proxy("root:kernel_regression")], evidence)
    assert rooted.together is None


def test_spread_is_the_root_of_constant(evidence):
    spread, rooted = score_sites([find_proxy("spread"), find_proxy("root:constant")], evidence)
    np.testing.assert_array_equal(spread.by_rank, rooted.by_rank)


def test_among_allocations_of_equal_cost_the_uniform_one_is_spread_most(evidence):
    (spread,) = score_sites([find_proxy("spread")], evidence)
    uniform = np.full((1, len(evidence.space.sites)), 2)
    on_off = np.where(np.arange(len(evidence.space.sites)) % 4 == 0, 8, 0)[None]
    assert spread.of_rank_vectors(uniform) > spread.of_rank_vectors(on_off)


def test_an_unknown_member_is_refused_and_an_ensemble_may_be_one(evidence):
    with pytest.raises(UsageError, match="magic"):
        find_proxy("root:magic")
    for lacking in ("root:", "ensemble:", "ensemble:snr+"):
        with pytest.raises(UsageError, match=re.escape(f"{lacking!r}` lacks a name")):
            find_proxy(lacking)
    (scores,) = score_sites([find_proxy("root:ensemble:grad_norm+snr")], evidence)
    assert scores.proxy == "root:ensemble:grad_norm+snr"
