"""root:member is worth the member's site score times the root of the rank."""

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


def test_an_unknown_member_is_refused_and_an_ensemble_may_be_one(evidence):
    with pytest.raises(UsageError, match="magic"):
        find_proxy("root:magic")
    for lacking in ("root:", "ensemble:", "ensemble:snr+"):
        with pytest.raises(UsageError, match=re.escape(f"{lacking!r}` lacks a name")):
            find_proxy(lacking)
    (scores,) = score_sites([find_proxy("root:ensemble:grad_norm+snr")], evidence)
    assert scores.proxy == "root:ensemble:grad_norm+snr"
