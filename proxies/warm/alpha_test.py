"""ALPHA-TEST: how much of a site's output the super-network needs."""

from typing import Final

import numpy as np

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["ALPHA_TEST"]

_TENTHS: Final = 10
_TOLERANCE: Final = 0.25  # of a site's even share of what all sites together take off the loss


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""How much of a site's output the super-network needs: the smallest factor to which it can be scaled,
    all other sites on, with the loss on held batches at most a tolerance above that at 1. More is better.

    .. math:: s = \min \left\{ \alpha \in \{0, 0.1, \ldots, 1\} : L(\alpha) \le L(1) + \tau \right\}, \qquad
       \tau = \frac{\lvert L(\text{nothing on}) - L(1) \rvert}{4 \cdot \text{sites}}

    Source: the ALPHA-TEST of HeteroLoRA's reference program, arXiv:2406.14956, by bisection as there, which
    assumes that a smaller factor never helps. Departures: the metric is the loss, for all tasks, as accuracy
    moves in steps of a row; the tolerance is a quarter of a site's even share of what all of them take off
    the loss, so that it follows the size of the space. Scores come in eleven steps, so many sites tie. Cost:
    the warm-up, and at most four forward passes of the held batches for each site, many at once.
    """
    network = evidence.super_network
    sites = len(evidence.space.sites)
    nothing, every = network.losses(np.array([[0.0], [1.0]]).repeat(sites, axis=1))
    limit = every + _TOLERANCE * abs(nothing - every) / sites
    low, high = np.zeros(sites, dtype=int), np.full(sites, _TENTHS)  # tenths; alpha = 1 holds
    while (open_sites := np.flatnonzero(low < high)).size:
        middle = (low + high)[open_sites] // 2
        gates = np.ones((open_sites.size, sites))
        gates[np.arange(open_sites.size), open_sites] = middle / _TENTHS
        holds = network.losses(gates) <= limit
        high[open_sites] = np.where(holds, middle, high[open_sites])
        low[open_sites] = np.where(holds, low[open_sites], middle + 1)
    return per_unit_of_rank(name, "warm", evidence.space, high / _TENTHS)


ALPHA_TEST = Proxy("alpha_test", "warm", _measure)
