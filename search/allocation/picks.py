"""Allocations from scores, in one line each: what a run proposes under the same names."""

from __future__ import annotations

from proxies.site_scores import SiteScores
from spaces.allocation import Allocation
from spaces.budget import parse_budget
from spaces.errors import UsageError

from .spend import spend

__all__ = ["exact", "greedy", "topk", "uniform"]


def greedy(scores: SiteScores, *, budget: str | int, seed: int = 0) -> Allocation:
    """The allocation by the best jump per parameter, again and again, until nothing fits.

    budget: parameters, 500_000 or "500k", or "r=8" for what every site at rank 8 would cost. seed: of ties,
    and of where the rest of the budget goes. Raises UsageError where no site fits, and on a budget above
    every site at full rank. How it is found: ``search.allocation.greedy``.

    >>> from proxies import per_unit_of_rank
    >>> from spaces import SearchSpace, Site, Tap
    >>> ends = Tap("q", "in"), Tap("q", "out")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 4, 4, *ends) for i in range(3))
    >>> scores = per_unit_of_rank("mine", "none", SearchSpace(sites, ranks=(0, 1, 2)), [1.0, 5.0, 3.0])
    >>> greedy(scores, budget=24).ranks
    (('layers.1.q', 2), ('layers.2.q', 1))
    """
    return _spent(scores, "greedy", budget, seed=seed)


def exact(scores: SiteScores, *, budget: str | int, seed: int = 0) -> Allocation:
    """The allocation of largest worth within a budget; arguments as of ``greedy``.

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
    return _spent(scores, "exact", budget, seed=seed)


def topk(scores: SiteScores, *, budget: str | int, seed: int = 0) -> Allocation:
    """The best sites at the largest rank of the grid, as many as a budget allows (HeteroLoRA).

    Arguments as of ``greedy``.

    >>> from proxies import per_unit_of_rank
    >>> from spaces import SearchSpace, Site, Tap
    >>> ends = Tap("q", "in"), Tap("q", "out")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 4, 4, *ends) for i in range(3))
    >>> scores = per_unit_of_rank("mine", "none", SearchSpace(sites, ranks=(0, 4)), [1.0, 5.0, 3.0])
    >>> topk(scores, budget=64).ranks
    (('layers.1.q', 4), ('layers.2.q', 4))
    """
    return _spent(scores, "topk", budget, seed=seed)


def uniform(scores: SiteScores, *, budget: str | int) -> Allocation:
    """The baseline: every site of the scores' space at one rank, as far as a budget goes.

    Arguments as of ``greedy``.

    >>> from proxies import per_unit_of_rank
    >>> from spaces import SearchSpace, Site, Tap
    >>> ends = Tap("q", "in"), Tap("q", "out")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 4, 4, *ends) for i in range(3))
    >>> scores = per_unit_of_rank("mine", "none", SearchSpace(sites, ranks=(0, 1, 2)), [1.0, 5.0, 3.0])
    >>> uniform(scores, budget=48).ranks
    (('layers.0.q', 2), ('layers.1.q', 2), ('layers.2.q', 2))
    """
    return _spent(scores, "uniform", budget)


def _spent(scores: SiteScores, allocator: str, budget: str | int, seed: int = 0) -> Allocation:
    """Raises UsageError on a budget that the sites cannot have, and on a share, of what no scores know."""
    if not isinstance(scores, SiteScores):
        raise UsageError(
            f"`scores` is a {type(scores).__name__}; give one of the SiteScores that proxies give."
        )
    parsed = parse_budget(budget)
    if parsed.unit == "share":
        raise UsageError(
            f"`budget={budget}` is a share of a model, which scores do not know; give parameters, as in "
            "500k, or r=8."
        )
    max_params = parsed.max_params(scores.space.sites, base_params=0)
    return spend(scores, allocator, max_params=max_params, seed=seed)
