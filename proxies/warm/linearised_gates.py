"""LINEARISED-GATES: which gates of a wide adapter stay open where all of them are fitted at once."""

from __future__ import annotations

from typing import Final

import numpy as np

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores

__all__ = ["LINEARISED_GATES", "fitted_gates", "gate_prices"]

_PRICES: Final = 64  # of a parameter, in equal ratios
_LOWEST: Final = 1e-4  # of the price at which the first gate opens
_SWEEPS: Final = 200


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""The prices of a parameter at which the gates of a site's components open, where all gates of a wide
    super-network are fitted together, each worth its price times what it costs. More is better; components
    that say the same to the loss stand in for each other, so that the second of them opens late.

    .. math:: g(\lambda) = \arg\min_{g \ge 0} \; \bar{J} (g - 1) +
       \tfrac{1}{2 n} \lVert J (g - 1) \rVert^2 + \lambda \sum_k c_k g_k, \qquad
       s(r) = \sum_{k \le r} c_k \, \max \{ \lambda : g_k(\lambda) > 0 \}

    J (rows, components) are the gradients of held rows' losses by the gates, at g = 1; its mean and its
    square are the loss to second order, with the empirical Fisher matrix for the Hessian. c is a
    component's cost in parameters. What spends by worth per parameter opens gates as the fit does: the
    price falls until the budget is spent, as water is filled in.

    Source: ours; the Lasso, Tibshirani, J. R. Statist. Soc. B 58 (1996), with coefficients that are not
    negative, of the gates of ``pruned_wide``. Departure: a gate that closes again at a lower price counts
    as open. Cost: as ``pruned_wide``, whose network it shares, and seconds for the fit. A component that
    opens at no price is worth 0.
    """
    space, components = evidence.space, evidence.wide_network.components
    cost = np.array([site.cost_per_rank for site in space.sites], dtype=np.float64)[components.site]
    worths = cost * gate_prices(components.gradients, cost)
    return SiteScores.of_ranks(name, "warm", space, components.by_rank(worths, space.ranks))


def gate_prices(gradients: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """The highest price at which each gate is open: (components,), 0 where it never is.

    gradients: (rows, components). cost: (components,), of each in parameters.
    """
    fisher = gradients.T @ gradients / len(gradients)
    pull = fisher.sum(1) - gradients.mean(0)  # the fall of the loss at g = 0
    highest = max(float((pull / cost).max()), 0.0)
    prices, gates = np.zeros(len(cost)), np.zeros(len(cost))
    for price in highest * np.geomspace(1, _LOWEST, _PRICES)[1:]:
        gates = fitted_gates(fisher, pull - price * cost, gates)
        prices[(gates > 0) & (prices == 0)] = price
    return prices


def fitted_gates(fisher: np.ndarray, pull: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The g >= 0 with the least g F g / 2 - pull g, by coordinate descent from ``start``: (components,)."""
    gates, slope = start.copy(), fisher @ start - pull
    diagonal = np.diag(fisher)
    for _ in range(_SWEEPS):
        before = gates.copy()
        for k in np.flatnonzero((diagonal > 0) & ((gates > 0) | (slope < 0))):
            moved = max(0.0, gates[k] - slope[k] / diagonal[k]) - gates[k]
            if moved:
                gates[k] += moved
                slope += moved * fisher[k]
        if np.abs(gates - before).max() <= 1e-6 * max(1.0, gates.max()):
            break
    return gates


LINEARISED_GATES = Proxy("linearised_gates", "warm", _measure)
