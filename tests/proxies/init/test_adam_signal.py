"""ADAM-SIGNAL against the plain sum over pairs of different batches."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, score_sites
from spaces.errors import InputError
from spaces.scaling import Scaling
from spaces.wires import initial_a
from tests.objectives import TWO_CLASSES


def test_it_sums_what_pairs_of_different_batches_agree_on(evidence, gradients_by_batch):
    (scores,) = score_sites([PROXIES["adam_signal"]], evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        a = initial_a(site, 8, seed=0).astype(float)
        factor = Scaling().factor(site.kind, 8)
        b = [factor * gradients[site.name] @ a.T for gradients in gradients_by_batch]
        agreed = sum(one * other for one, other in permutations(b, 2)) / (3 * 2)
        expected = (np.maximum(agreed, 0) / (np.sqrt(np.mean(np.square(b), axis=0)) + 1e-8)).sum()
        assert value == pytest.approx(expected, rel=1e-3), site.name


def test_equal_batches_have_no_noise_so_it_is_the_gain(evidence, batches):
    same = Evidence(evidence.model, TWO_CLASSES, [batches[0], batches[0]], evidence.space, seed=0)
    gain, signal = score_sites([PROXIES["adam_gain"], PROXIES["adam_signal"]], same)
    np.testing.assert_allclose(signal.by_site, gain.by_site, rtol=1e-5)


def test_one_batch_is_too_few(evidence, batches):
    one = Evidence(evidence.model, TWO_CLASSES, batches[:1], evidence.space, seed=0)
    with pytest.raises(InputError, match="compares batches and was given 1"):
        score_sites([PROXIES["adam_signal"]], one)
