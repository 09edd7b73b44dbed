"""ZICO against NumPy over a pass of each batch's own."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, score_sites
from spaces.errors import InputError
from spaces.wires import initial_a
from tests.objectives import TWO_CLASSES


def test_zico_of_each_rank_is_that_of_a_wire_of_this_rank(evidence, gradients_by_batch):
    (scores,) = score_sites([PROXIES["zico"]], evidence)
    for row, site in zip(scores.by_rank, evidence.space.sites, strict=True):
        assert row[0] == 0
        for worth, rank in zip(row[1:], evidence.space.ranks[1:], strict=True):
            a = initial_a(site, rank, seed=0).astype(float)
            g = np.stack([gradients[site.name] @ a.T for gradients in gradients_by_batch])
            expected = np.log((np.abs(g).mean(0) / g.std(0)).sum())
            assert worth == pytest.approx(expected, rel=1e-3), (site.name, rank)
    np.testing.assert_array_equal(scores.by_site, scores.by_rank[:, -1])


def test_entries_that_never_vary_are_left_out(evidence):
    some, none = evidence.space.sites[:2]
    evidence.statistic("deviations_of_b", some)[:, 1:] = 0  # so that only the first unit's entries count
    evidence.statistic("deviations_of_b", none).zero_()
    (scores,) = score_sites([PROXIES["zico"]], evidence)
    assert scores.by_rank[0, 1] > 0
    np.testing.assert_array_equal(scores.by_rank[0, 1:], scores.by_rank[0, 1])
    assert not scores.by_rank[1].any()


def test_one_batch_is_refused(evidence, batches):
    one = Evidence(evidence.model, TWO_CLASSES, batches[:1], evidence.space, seed=0)
    with pytest.raises(InputError, match="zico compares batches and was given 1; give it at least 2"):
        score_sites([PROXIES["zico"]], one)
