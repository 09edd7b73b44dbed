"""ABLATION against equation 6, one real super-network at a time."""

from __future__ import annotations

import numpy as np

from proxies.registry import PROXIES, score_sites


def test_ablation_is_equation_6_less_what_nothing_scores(warm, loss_by_hand):
    evidence = warm()
    (scores,) = score_sites([PROXIES["ablation"]], evidence)
    count = len(evidence.space.sites)

    def s(gates):
        return -loss_by_hand(evidence, gates)

    importance = [s(np.ones(count)) - s(1 - one) + s(one) for one in np.eye(count)]
    np.testing.assert_allclose(scores.by_site, np.array(importance) - s(np.zeros(count)), atol=1e-5)
    assert np.ptp(scores.by_site) > 1e-3
