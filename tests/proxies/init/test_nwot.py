"""NWOT against counted agreements of signs."""

from __future__ import annotations

import numpy as np

from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, score_sites
from spaces.search_space import SearchSpace
from spaces.wires import initial_a
from tests.objectives import TWO_CLASSES


def test_nwot_is_the_log_determinant_of_agreements_of_each_rank(evidence):
    (scores,) = score_sites([PROXIES["nwot"]], evidence)
    for row, site in zip(scores.by_rank, evidence.space.sites, strict=True):
        x = evidence.row_features.inputs[site.name].numpy()
        for worth, rank in zip(row, evidence.space.ranks, strict=True):
            codes = x @ initial_a(site, rank, seed=0).T > 0
            agreements = np.array([[np.sum(one == other) for other in codes] for one in codes])
            expected = np.linalg.slogdet(np.eye(len(x)) + agreements)[1]
            np.testing.assert_allclose(worth, expected, rtol=1e-9, atol=1e-12)


def test_ranks_above_the_initial_one_are_scored_by_all_their_units(evidence, batches):
    sites = evidence.space.sites[:2]
    grid = SearchSpace(sites, (0, 8, 12, 20))
    wide = Evidence(evidence.model, TWO_CLASSES, batches, grid, seed=0)
    assert wide.initial_rank(sites[0]) < 20
    (scores,) = score_sites([PROXIES["nwot"]], wide)
    x = wide.row_features.inputs[sites[0].name].numpy()
    codes = np.where(x @ initial_a(sites[0], 20, seed=0).T > 0, 1.0, -1.0)
    agreements = (20 + codes @ codes.T) / 2
    expected = np.linalg.slogdet(np.eye(len(x)) + agreements)[1]
    np.testing.assert_allclose(scores.by_rank[0, -1], expected, rtol=1e-9)


def test_rows_of_one_code_are_worth_less_than_rows_of_many(evidence):
    one, many = evidence.space.sites[:2]
    evidence.row_features.inputs[one.name][:] = 1.0
    (scores,) = score_sites([PROXIES["nwot"]], evidence)
    rows, rank = len(evidence.row_features.inputs[one.name]), evidence.space.ranks[-1]
    np.testing.assert_allclose(scores.by_site[0], np.log(1 + rows * rank), rtol=1e-9)
    assert scores.by_site[1] > scores.by_site[0], many.name
