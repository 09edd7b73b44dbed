"""SOLO against real wires, and its first order against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from proxies.registry import PROXIES, score_sites


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
def test_solo_is_the_fall_of_the_loss_with_that_site_alone_on(warm, loss_by_hand, renorm):
    evidence = warm(renorm=renorm)
    (scores,) = score_sites([PROXIES["solo"]], evidence)
    count = len(evidence.space.sites)
    nothing = loss_by_hand(evidence, np.zeros(count))
    expected = [nothing - loss_by_hand(evidence, setting) for setting in np.eye(count)]
    np.testing.assert_allclose(scores.by_site, expected, atol=1e-5)
    assert (scores.by_site > 1e-3).any()
    assert (scores.by_site < 0).any()  # the sign is kept


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_solo_linear_is_the_slope_of_solo_where_the_gate_opens(warm, family):
    evidence = warm(family=family)
    (scores,) = score_sites([PROXIES["solo_linear"]], evidence)
    network, eye = evidence.super_network, np.eye(len(evidence.space.sites))
    slopes = (network.losses(-0.05 * eye) - network.losses(0.05 * eye)) / 0.1
    np.testing.assert_allclose(scores.by_site, slopes, rtol=2e-2, atol=2e-4)
    assert np.abs(scores.by_site).max() > 1e-2
