"""ZICO against NumPy over a pass of each batch's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.measure.evidence import Evidence
from proxies.measure.need import Seen
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


@pytest.mark.parametrize("varying", [0, 1])
def test_entries_that_never_vary_are_left_out(evidence, varying):
    (need,), (site, *_) = PROXIES["zico"].needs, evidence.space.sites
    size, deviations = torch.full((site.d_out, 8), 3.0), torch.full((site.d_out, 8), (3 * 1e-7) ** 2)
    deviations[:, :varying] = 4.0
    taken = {"of_b": size, "absolute_of_b": size, "deviations_of_b": deviations}
    worth = need.of(Seen(site, evidence.model, 1, evidence.space.ranks, 8, taken))
    np.testing.assert_allclose(worth, [0, *[np.log(site.d_out * 1.5)] * 3] if varying else np.zeros(4))


def test_one_batch_is_refused(evidence, batches):
    one = Evidence(evidence.model, TWO_CLASSES, batches[:1], evidence.space, seed=0)
    with pytest.raises(InputError, match="zico compares batches and was given 1; give it at least 2"):
        score_sites([PROXIES["zico"]], one)


def test_batches_that_are_alike_are_refused(evidence, batches):
    alike = Evidence(evidence.model, TWO_CLASSES, [batches[0]] * 3, evidence.space, seed=0)
    with pytest.raises(InputError, match=r"no gradient varies between these 3; give batches that differ"):
        score_sites([PROXIES["zico"]], alike)
