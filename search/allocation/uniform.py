"""The baseline: every site at the same rank."""

from __future__ import annotations

import numpy as np

from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator

from .rounded import rounded

__all__ = ["uniform_allocation"]


def uniform_allocation(
    space: SearchSpace, max_params: int, *, most: np.ndarray | None = None, seed: int = 0
) -> Allocation:
    r"""As uniform as ``max_params`` parameters allow: every site at one rank.

    .. math:: r = \left\lfloor \frac{\text{budget}}{\sum_{\text{sites}} (d_{in} + d_{out})} \right\rfloor

    A site that cannot have that rank is at its full one, and the others share what it leaves. What is then
    left of the budget raises as many sites as it can by one rank, so that the baseline spends what the others
    spend: each time one whose layer and role lack the most parameters together (``rounded``), so that no
    layer and no role has more than its share. Ranks need not be of the grid. Where the fraction is below 1
    that means rank 1 at such sites alone.

    Source: LoRA, arXiv:2106.09685.

    Args:
        space: the sites.
        max_params: parameters that all wires may have together.
        most: (sites,), ranks that sites can have at most; by default each its full rank, min(d_in, d_out).
        seed: of which sites of those that are wanted alike are raised.

    Raises UsageError where no site fits at rank 1.

    >>> from spaces import SearchSpace, Site, Tap
    >>> tap = Tap("block", "in")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 64, 64, tap, tap) for i in range(3))
    >>> uniform_allocation(SearchSpace(sites, (0, 1)), 1000).ranks  # of 128 parameters a rank
    (('layers.0.q', 3), ('layers.1.q', 2), ('layers.2.q', 2))
    """
    price = np.array([site.cost_per_rank for site in space.sites], dtype=np.int64)
    full = np.array([site.max_rank for site in space.sites]) if most is None else most
    rank = max_params // space.params_per_rank
    while rank < full.max() and price @ np.minimum(rank + 1, full) <= max_params:
        rank += 1
    ranks, wider = np.minimum(rank, full), full > rank
    share = (max_params - int(price @ ranks)) / max(1, int(price[wider].sum()))
    ideal = ranks + share * wider
    able = np.flatnonzero(full)  # a site without any rank has no say in where the rest goes
    own = SearchSpace(tuple(space.sites[place] for place in able), (0, 1))
    allocation = rounded(own, ideal[able], max_params, rng=named_generator(seed, "uniform"))
    if not allocation.ranks:
        cheapest = min(space.sites, key=lambda site: site.cost_per_rank)
        raise UsageError(
            f"max_params={max_params:,} is too small: one unit of rank at the cheapest site, "
            f"{cheapest.name}, needs {cheapest.cost_per_rank:,}. Raise the budget to at least that."
        )
    return allocation
