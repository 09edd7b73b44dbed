"""ALPHA-TEST against a scan of all eleven alphas."""

from __future__ import annotations

import numpy as np

from proxies.registry import PROXIES, score_sites


def test_alpha_test_finds_by_bisection_what_a_scan_finds(warm, loss_by_hand):
    evidence = warm()
    (scores,) = score_sites([PROXIES["alpha_test"]], evidence)
    count = len(evidence.space.sites)
    nothing, every = loss_by_hand(evidence, np.zeros(count)), loss_by_hand(evidence, np.ones(count))
    limit = every + 0.25 * abs(nothing - every) / count
    compared = []
    for row in range(count):
        holds = []
        for tenths in range(11):
            gates = np.ones(count)
            gates[row] = tenths / 10
            holds.append(loss_by_hand(evidence, gates) <= limit or tenths == 10)
        found = round(10 * scores.by_site[row])
        assert holds[found]
        assert found == 0 or not holds[found - 1]
        if sorted(holds) == holds:  # once within the tolerance, always: bisection's assumption
            assert found == holds.index(True)
            compared.append(found)
    assert len(compared) > count // 2
    assert len(set(compared)) > 2


def test_every_round_evaluates_all_open_sites_at_once(warm, monkeypatch):
    network = (evidence := warm()).super_network
    asked, losses = [], network.losses
    monkeypatch.setattr(network, "losses", lambda gates: asked.append(len(gates)) or losses(gates))
    score_sites([PROXIES["alpha_test"]], evidence)
    assert asked[:2] == [2, len(evidence.space.sites)]
    assert len(asked) <= 1 + 4  # eleven alphas take at most four rounds
