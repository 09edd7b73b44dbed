"""The baseline: every site at the same rank."""

from __future__ import annotations

import numpy as np

from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.search_space import SearchSpace

__all__ = ["uniform_allocation"]


def uniform_allocation(space: SearchSpace, max_params: int, *, most: np.ndarray | None = None) -> Allocation:
    r"""As uniform as ``max_params`` parameters allow: every site at one rank.

    .. math:: r = \left\lfloor \frac{\text{budget}}{\sum_{\text{sites}} (d_{in} + d_{out})} \right\rfloor

    A site that cannot have that rank is at its full one, and the others share what it leaves. What is then
    left of the budget raises as many sites as it can by one rank, spread evenly over the network, so that the
    baseline spends what the others spend. Ranks need not be of the grid. Where the fraction is below 1 that
    means rank 1 at evenly spread sites.

    Source: LoRA, arXiv:2106.09685.

    most: (sites,), ranks that sites can have at most; by default each its full rank, min(d_in, d_out).
    Raises UsageError where no site fits at rank 1.

    >>> from spaces import SearchSpace, Site, Tap
    >>> tap = Tap("block", "in")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 64, 64, tap, tap) for i in range(3))
    >>> uniform_allocation(SearchSpace(sites, (0, 1)), 1000).ranks  # of 128 parameters a rank
    (('layers.0.q', 2), ('layers.1.q', 3), ('layers.2.q', 2))
    """
    price = np.array([site.cost_per_rank for site in space.sites], dtype=np.int64)
    full = np.array([site.max_rank for site in space.sites]) if most is None else most
    rank = max_params // space.params_per_rank
    while rank < full.max() and price @ np.minimum(rank + 1, full) <= max_params:
        rank += 1
    ranks = np.minimum(rank, full)
    wider = np.flatnonzero(full > rank)
    ranks[wider[_spread(price[wider], max_params - int(price @ ranks))]] += 1
    if not ranks.any():
        cheapest = min(space.sites, key=lambda site: site.cost_per_rank)
        raise UsageError(
            f"max_params={max_params:,} is too small: one unit of rank at the cheapest site, "
            f"{cheapest.name}, needs {cheapest.cost_per_rank:,}. Raise the budget to at least that."
        )
    return space.allocation(ranks)


def _spread(price: np.ndarray, params: int) -> np.ndarray:
    """Indices of as many of these sites as ``params`` raise by one rank, the middles of equal stretches.

    price: (n,), parameters of one rank.
    """
    for count in range(len(price), 0, -1):
        chosen = (2 * np.arange(count) + 1) * len(price) // (2 * count)
        if price[chosen].sum() <= params:
            return chosen
    cheapest = np.argsort(price, kind="stable")[:1]  # the middle site alone may be dearer than the budget
    return np.asarray(cheapest[price[cheapest] <= params])
