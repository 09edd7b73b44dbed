"""LINEARISED-GATES against closed forms, conditions of optimality and another solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from proxies.registry import PROXIES, score_sites
from proxies.warm.linearised_gates import fitted_gates, gate_prices
from search.allocation.greedy import greedy_allocation


def drawn(seed: int, rows: int = 40, gates: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Gradients (rows, gates) and costs."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((rows, gates)) - 0.1, rng.integers(1, 5, gates).astype(float)


@pytest.mark.parametrize("seed", range(5))
def test_gates_are_those_of_non_negative_least_squares(seed):
    j, _ = drawn(seed)
    target = np.random.default_rng(seed + 50).standard_normal(len(j))
    found = fitted_gates(j.T @ j, j.T @ target, np.zeros(j.shape[1]))
    np.testing.assert_allclose(found, nnls(j, target)[0], atol=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_no_gate_could_lower_the_loss_further(seed):
    j, cost = drawn(seed)
    fisher, pull = j.T @ j / len(j), np.random.default_rng(seed).standard_normal(len(cost))
    gates = fitted_gates(fisher, pull - 0.1 * cost, np.ones(len(cost)))
    slope = fisher @ gates - pull + 0.1 * cost
    assert (slope >= -1e-4).all()
    np.testing.assert_allclose(slope[gates > 0], 0, atol=1e-4)


def test_gates_that_do_not_meddle_open_at_what_they_are_worth_per_parameter():
    j = np.sqrt(4) * np.diag([1.0, 2.0, 3.0, 0.5])  # whose square is diagonal, and whose mean is small
    cost = np.array([1.0, 1.0, 4.0, 1.0])
    pull = np.diag(j.T @ j / 4) - j.mean(0)
    prices = gate_prices(j, cost)
    np.testing.assert_allclose(prices[prices > 0], (pull / cost)[prices > 0], rtol=0.16)  # of the grid's step
    assert (prices > 0).tolist() == (pull > 0).tolist()


def test_of_two_gates_that_say_the_same_the_cheaper_opens_and_the_other_stays_shut():
    rng = np.random.default_rng(3)
    one = rng.standard_normal((30, 1)) - 0.2
    prices = gate_prices(np.hstack([one, one]), np.array([2.0, 1.0]))
    assert prices[1] > 0
    assert prices[0] == 0


def test_greedy_opens_gates_in_the_order_of_their_prices(warm):
    evidence = warm()
    (scores,) = score_sites([PROXIES["linearised_gates"]], evidence)
    space, components = evidence.space, evidence.wide_network.components
    cost = np.array([site.cost_per_rank for site in space.sites], dtype=float)[components.site]
    prices = gate_prices(components.gradients, cost)
    first = components.site[prices.argmax()]
    pick = greedy_allocation(
        scores, max_params=int(space.sites[first].cost_per_rank), rng=np.random.default_rng(0)
    )
    assert pick.ranks == ((space.sites[first].name, 1),)
    np.testing.assert_allclose(scores.by_rank[:, -1].sum(), (prices * cost).sum(), rtol=1e-9)
