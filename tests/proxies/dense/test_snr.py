"""SNR against NumPy over a pass of each batch's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.measure.evidence import Evidence
from proxies.measure.need import Seen
from proxies.registry import PROXIES, score_sites
from spaces.errors import InputError
from tests.objectives import TWO_CLASSES


def test_snr_is_the_mean_ratio_of_mean_and_deviation_over_batches(evidence, gradients_by_batch):
    (scores,) = score_sites([PROXIES["snr"]], evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        g = np.stack([gradients[site.name] for gradients in gradients_by_batch])
        assert value == pytest.approx((np.abs(g.mean(0)) / g.std(0)).mean(), rel=1e-3), site.name


def test_entries_that_never_vary_count_as_zero(evidence):
    (need,), (site, *_) = PROXIES["snr"].needs, evidence.space.sites
    gradient, deviations = torch.full((4, 5), -6.0), torch.full((4, 5), 12.0)
    deviations[0] = 3 * (2 * 1e-7) ** 2  # rounding
    taken = {"gradient": gradient, "deviations": deviations}
    ratio = need.of(Seen(site, evidence.model, 3, evidence.space.ranks, 8, taken))
    assert ratio == pytest.approx(0.75 * (6 / 3) / np.sqrt(12 / 3))


def test_one_batch_is_refused(evidence, batches):
    one = Evidence(evidence.model, TWO_CLASSES, batches[:1], evidence.space, seed=0)
    with pytest.raises(InputError, match="snr compares batches and was given 1; give it at least 2"):
        score_sites([PROXIES["snr"]], one)
