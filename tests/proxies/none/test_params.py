"""PARAMS against the space's own count."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.registry import PROXIES, score_sites
from proxies.site_scores import DegenerateScoreError
from spaces.search_space import SearchSpace


def test_an_allocation_scores_its_number_of_parameters(evidence):
    (scores,) = score_sites([PROXIES["params"]], evidence)
    np.testing.assert_array_equal(scores.by_rank, evidence.space.costs)


def test_sites_of_one_cost_are_not_ranked(evidence):
    q = tuple(site for site in evidence.space.sites if site.role == "q")
    evidence.space = SearchSpace(q, evidence.space.ranks)
    with pytest.raises(DegenerateScoreError, match=r"params .* is 64 at every site"):
        score_sites([PROXIES["params"]], evidence)
