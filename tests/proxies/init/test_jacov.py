"""JACOV against the paper's sum, and at its two ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, score_sites
from spaces.errors import InputError
from spaces.search_space import SearchSpace
from tests.objectives import TWO_CLASSES


def test_jacov_orders_sites_as_the_paper_and_is_never_negative(evidence):
    (scores,) = score_sites([PROXIES["jacov"]], evidence)
    papers = []
    for site in evidence.space.sites:
        v = np.linalg.eigvalsh(evidence.row_features.correlations[site.name].numpy())
        papers.append(-np.sum(np.log(v + 1e-5) + 1 / (v + 1e-5)))
    np.testing.assert_allclose(scores.by_site, [6 / -paper for paper in papers], rtol=1e-6)
    np.testing.assert_array_equal(np.argsort(scores.by_site), np.argsort(papers))


def test_jacov_is_1_where_no_rows_are_correlated_and_next_to_0_where_all_are(evidence):
    sites = evidence.space.sites[:2]
    evidence.space = SearchSpace(sites, evidence.space.ranks)
    for site, correlations in zip(sites, (torch.eye(6), torch.ones(6, 6)), strict=True):
        evidence.row_features.correlations[site.name].copy_(correlations)
    (scores,) = score_sites([PROXIES["jacov"]], evidence)
    assert scores.by_site[0] == pytest.approx(1, abs=1e-9)
    assert scores.by_site[1] == pytest.approx(6 / 5e5, rel=1e-3)


def test_one_row_is_refused(evidence, batches):
    batch = batches[0]
    batches[0] = type(batch)({name: x[:1] for name, x in batch.inputs.items()}, batch.labels[:1])
    one = Evidence(evidence.model, TWO_CLASSES, batches[:1], evidence.space, seed=0)
    with pytest.raises(InputError, match="jacov compares rows and was given one"):
        score_sites([PROXIES["jacov"]], one)
