"""The best allocation of a budget: the multiple-choice knapsack, solved by HiGHS."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import coo_array

from proxies.site_scores import SiteScores
from spaces.allocation import Allocation

from .greedy import greedy_allocation
from .silent_stdout import silent_stdout

__all__ = ["exact_allocation"]

_TIME_LIMIT_S = 10.0
_SCALE = 1000.0  # HiGHS stops within 1e-6 of the optimum, absolutely: 1e-9 of the largest worth
_log = logging.getLogger(__name__)


def exact_allocation(
    scores: SiteScores,
    *,
    max_params: int,
    rng: np.random.Generator,
    solve: Callable[..., OptimizeResult] = milp,
) -> Allocation:
    r"""The allocation of largest worth within ``max_params``, and never a worse one than ``greedy``.

    .. math:: \max_{r} \; \sum_{\text{sites}} s(\text{site}, r_{\text{site}}) \quad \text{within} \quad
       \sum_{\text{sites}} r_{\text{site}} \, (d_{in} + d_{out}) \le \text{budget}

    Each site takes one rank of the grid. After 10 s the better of what was found and ``greedy`` is taken, and
    a log line says so.

    Source: the multiple-choice knapsack (Sinha and Zoltners, Operations Research 27, 1979), as an integer
    program solved by HiGHS.

    Args:
        scores: of all sites at all ranks.
        max_params: parameters that all wires may have together.
        rng: breaks greedy's ties.
        solve: called as ``scipy.optimize.milp``.

    Raises UsageError where no site fits at the lowest rank of the grid.

    >>> import numpy as np
    >>> from proxies.site_scores import per_unit_of_rank
    >>> from spaces import SearchSpace, Site, Tap
    >>> tap = Tap("block", "in")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 64, 64, tap, tap) for i in range(3))
    >>> scores = per_unit_of_rank("mine", "none", SearchSpace(sites, (0, 4, 8)), [3.0, 1.0, 2.0])
    >>> rng = np.random.default_rng(0)
    >>> exact_allocation(scores, max_params=1600, rng=rng).ranks  # of 128 parameters a rank
    (('layers.0.q', 8), ('layers.2.q', 4))
    """
    by_greedy = greedy_allocation(scores, max_params=max_params, rng=rng)
    columns = _solved(scores, max_params, solve)
    if columns is None:
        return by_greedy
    space, rows = scores.space, np.arange(len(columns))
    found = space.allocation(np.array(space.ranks)[columns])
    fits = int(space.costs[rows, columns].sum()) <= max_params  # in integers, whatever HiGHS' tolerances
    return found if fits and scores.of(found) > scores.of(by_greedy) else by_greedy


def _solved(scores: SiteScores, max_params: int, solve: Callable[..., OptimizeResult]) -> np.ndarray | None:
    """Column of the grid for every site, (sites,), or None where HiGHS found nothing.

    One binary variable for each (site, rank above 0) that could pay; at most one per site is 1.
    """
    costs, worth = scores.space.costs, scores.by_rank
    site, column = np.nonzero(_useful(costs, worth) & scores.space.available & (costs <= max_params))
    if not len(site):
        return None
    unit = int(np.gcd.reduce(costs[:, 1:], axis=None))
    variables = np.arange(len(site))
    one_rank = coo_array((np.ones(len(site)), (site, variables)), shape=(len(costs), len(site)))
    price = (costs[site, column] // unit).astype(np.float64)
    gain = worth[site, column]
    with silent_stdout():
        result = solve(
            -gain * (_SCALE / gain.max()),
            integrality=np.ones(len(site), dtype=np.int64),
            bounds=Bounds(0, 1),
            constraints=[
                LinearConstraint(one_rank.tocsr(), ub=1),
                LinearConstraint(price[None, :], ub=float(max_params // unit)),
            ],
            options={"time_limit": _TIME_LIMIT_S, "mip_rel_gap": 0.0},
        )
    if result.status != 0:
        _log.warning("exact, %s: %s The better of this and greedy is used.", scores.proxy, result.message)
    if result.x is None:
        return None
    chosen = result.x > 0.5
    columns = np.zeros(len(costs), dtype=np.int64)
    columns[site[chosen]] = column[chosen]
    return columns


def _useful(costs: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """True for the ranks that are worth more than every lower rank of their site: (sites, ranks).

    The others never belong to a best allocation, since the grid's costs ascend.
    """
    best_below = np.maximum.accumulate(worth, axis=1)
    useful = np.zeros(costs.shape, dtype=bool)
    useful[:, 1:] = worth[:, 1:] > best_below[:, :-1]
    return useful
