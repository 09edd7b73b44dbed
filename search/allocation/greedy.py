"""Spending the budget by marginal worth per parameter."""

from __future__ import annotations

import numpy as np

from proxies.site_scores import SiteScores
from spaces.allocation import Allocation

from .repair import check_affordable

__all__ = ["greedy_allocation"]

_TIE = 1e-12  # relative; equal ratios may differ in their last bits


def greedy_allocation(scores: SiteScores, *, max_params: int, rng: np.random.Generator) -> Allocation:
    r"""The best jump per parameter, again and again, while one fits and is worth something.

    .. math:: \arg\max_{\text{site}, \, r' > r_{\text{site}}} \;
       \frac{s(\text{site}, r') - s(\text{site}, r_{\text{site}})}{(r' - r_{\text{site}}) (d_{in} + d_{out})}

    A jump takes one site to any higher rank of its grid, so that a curve which pays only from some rank on is
    not missed. Ties are broken uniformly at random. Where worth is concave in rank this is optimal up to the
    last jumps ("water-filling").

    Source: the greedy solution of the knapsack, Dantzig, Operations Research 5, 1957.

    Raises UsageError where no site fits at the lowest rank of the grid.

    >>> import numpy as np
    >>> from proxies.site_scores import per_unit_of_rank
    >>> from spaces import SearchSpace, Site, Tap
    >>> tap = Tap("block", "in")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 64, 64, tap, tap) for i in range(3))
    >>> scores = per_unit_of_rank("mine", "none", SearchSpace(sites, (0, 4, 8)), [3.0, 1.0, 2.0])
    >>> rng = np.random.default_rng(0)
    >>> greedy_allocation(scores, max_params=1600, rng=rng).ranks  # of 128 parameters a rank
    (('layers.0.q', 8), ('layers.2.q', 4))
    """
    space = scores.space
    check_affordable(space, max_params)
    costs, worth = np.where(space.available, space.costs, 0), scores.by_rank  # no jump goes there
    columns = np.zeros(len(costs), dtype=np.int64)
    price = costs.astype(np.int64)  # (sites, ranks): parameters of each jump from where the site is now
    rate = _rates(worth, price)
    left = max_params
    while True:
        open_rates = np.where(price <= left, rate, -np.inf)
        best = open_rates.max()
        if best <= 0:
            return space.allocation(np.array(space.ranks)[columns])
        ties = np.flatnonzero(open_rates >= best * (1 - _TIE))
        site, column = divmod(int(ties[rng.integers(len(ties))]), costs.shape[1])
        left -= int(price[site, column])
        columns[site] = column
        price[site] = costs[site] - costs[site, column]
        rate[site] = _rates(worth[site] - worth[site, column], price[site])


def _rates(gain: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Worth per parameter of jumps, -inf where the jump does not go up: the shape of ``gain``."""
    return np.where(price > 0, gain / np.maximum(price, 1), -np.inf)
