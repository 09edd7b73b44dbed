"""Allocations from scores, in one line each: what a run proposes under the same names."""

from __future__ import annotations

from proxies.site_scores import SiteScores
from spaces.allocation import Allocation

from .spend import spend

__all__ = ["exact", "greedy", "topk", "uniform"]


def greedy(scores: SiteScores, *, budget: int, seed: int = 0) -> Allocation:
    """The allocation by the best jump per parameter, again and again, until nothing fits.

    budget: in parameters. seed: of ties, and of where the rest of the budget goes. Raises UsageError where no
    site fits. How it is found: ``search.allocation.greedy``.

    >>> from proxies import per_unit_of_rank
    >>> from spaces import SearchSpace, Site, Tap
    >>> ends = Tap("q", "in"), Tap("q", "out")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 4, 4, *ends) for i in range(3))
    >>> scores = per_unit_of_rank("mine", "none", SearchSpace(sites, ranks=(0, 1, 2)), [1.0, 5.0, 3.0])
    >>> greedy(scores, budget=24).ranks
    (('layers.1.q', 2), ('layers.2.q', 1))
    """
    return spend(scores, "greedy", max_params=budget, seed=seed)


def exact(scores: SiteScores, *, budget: int, seed: int = 0) -> Allocation:
    """The allocation of largest worth within a budget in parameters; arguments as of ``greedy``.

    >>> from proxies import SiteScores
    >>> from spaces import SearchSpace, Site, Tap
    >>> import numpy as np
    >>> ends = Tap("q", "in"), Tap("q", "out")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 4, 4, *ends) for i in range(2))
    >>> worth = np.array([[0.0, 1.0, 8.0], [0.0, 5.0, 6.0]])  # of each site at ranks 0, 1 and 2
    >>> space = SearchSpace(sites, ranks=(0, 1, 2))
    >>> exact(SiteScores("mine", "none", space, worth[:, 2], worth), budget=24).ranks
    (('layers.0.q', 2), ('layers.1.q', 1))
    """
    return spend(scores, "exact", max_params=budget, seed=seed)


def topk(scores: SiteScores, *, budget: int, seed: int = 0) -> Allocation:
    """The best sites at the largest rank of the grid, as many as a budget in parameters allows (HeteroLoRA).

    Arguments as of ``greedy``.

    >>> from proxies import per_unit_of_rank
    >>> from spaces import SearchSpace, Site, Tap
    >>> ends = Tap("q", "in"), Tap("q", "out")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 4, 4, *ends) for i in range(3))
    >>> scores = per_unit_of_rank("mine", "none", SearchSpace(sites, ranks=(0, 4)), [1.0, 5.0, 3.0])
    >>> topk(scores, budget=64).ranks
    (('layers.1.q', 4), ('layers.2.q', 4))
    """
    return spend(scores, "topk", max_params=budget, seed=seed)


def uniform(scores: SiteScores, *, budget: int) -> Allocation:
    """The baseline: every site of the scores' space at one rank, as far as a budget in parameters goes.

    >>> from proxies import per_unit_of_rank
    >>> from spaces import SearchSpace, Site, Tap
    >>> ends = Tap("q", "in"), Tap("q", "out")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 4, 4, *ends) for i in range(3))
    >>> scores = per_unit_of_rank("mine", "none", SearchSpace(sites, ranks=(0, 1, 2)), [1.0, 5.0, 3.0])
    >>> uniform(scores, budget=48).ranks
    (('layers.0.q', 2), ('layers.1.q', 2), ('layers.2.q', 2))
    """
    return spend(scores, "uniform", max_params=budget)
