"""Which allocations a study trains: of equal cost, and spread over the space."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from proxies.site_scores import SiteScores
from search.allocation.proportional import proportional
from search.allocation.registry import ALLOCATORS
from search.allocation.repair import check_affordable, filled
from search.allocation.uniform import uniform_allocation
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site

from .origin import UNIFORM_ORIGIN, Group, Origin, numbered_draw, picked_by

__all__ = ["PICKERS", "Drawn", "draw_budget", "draw_only", "draw_shapes", "draw_without"]

PICKERS = ("greedy", "exact")  # allocators that say what a proxy would choose
_TOLERANCE = 0.01  # of the budget, within which allocations cost the same
_SPARSEST = 0.15  # least expected share of sites that a random allocation switches on
_RESTARTS = 1000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drawn:
    """An allocation and who drew it, at least one."""

    allocation: Allocation
    origins: tuple[Origin, ...]


def draw_budget(
    shapes: Sequence[Drawn], scores: Sequence[SiteScores], max_params: int, *, count: int, seed: int
) -> list[Drawn]:
    """``count`` distinct allocations that cost within 1 % of ``max_params``, the uniform one first.

    (That one is always there, even where ranks are too coarse to come so near.) The given shapes, then each
    proxy's own greedy and exact pick, then random ones; where the picks alone would fill ``count``, a third
    of it is kept for random ones, since picks of like proxies are alike, and a log line names those that
    found no room. Which random ones come does not depend on how many: a larger draw holds a smaller one's.
    scores: of one space, whose grid the picks keep to.
    """
    drawn: dict[Allocation, tuple[Origin, ...]] = {}
    space = scores[0].space

    def add(one: Drawn) -> None:
        if UNIFORM_ORIGIN in one.origins or space.params(one.allocation) >= (1 - _TOLERANCE) * max_params:
            drawn[one.allocation] = (*drawn.get(one.allocation, ()), *one.origins)

    for one in shapes:
        if len(drawn) < count:
            add(one)
    crowded_out: list[str] = []
    for one in _picks(scores, max_params, seed):
        if one.allocation in drawn or len(drawn) < count - count // 3:
            add(one)
        else:
            crowded_out += map(str, one.origins)
    if crowded_out:
        _log.info("no room among %s for the picks %s", counted(count, "allocation"), ", ".join(crowded_out))
    for number in range(_RESTARTS):
        if len(drawn) == count:
            break
        origin = numbered_draw(number)
        one = Drawn(_random(space, max_params, named_generator(seed, str(origin))), (origin,))
        if one.allocation not in drawn:
            add(one)
    if len(drawn) < count:
        _log.warning(
            "no more than %d of %s cost within 1 %% of the budget", len(drawn), counted(count, "allocation")
        )
    return [Drawn(allocation, origins) for allocation, origins in drawn.items()]


def draw_shapes(space: SearchSpace, max_params: int) -> list[Drawn]:
    """Allocations that need no score: uniform, one kind or role only, tilted to the top or the bottom.

    Those that cannot spend the budget within 1 %, since their sites are full, are left out.
    """
    shapes = [Drawn(uniform_allocation(space, max_params), (UNIFORM_ORIGIN,))]
    for origin, weigh in _shapes(space):
        weights = np.array([weigh(site) for site in space.sites], dtype=np.float64)
        allocation = proportional(space, weights, max_params)
        if space.params(allocation) >= (1 - _TOLERANCE) * max_params:
            shapes.append(Drawn(allocation, (origin,)))
    return shapes


def draw_only(space: SearchSpace, rank: int) -> list[Drawn]:
    """One site alone at this rank, for every site."""
    return [Drawn(Allocation.of({site.name: rank}), (Origin("one site", site.name),)) for site in space.sites]


def draw_without(space: SearchSpace, max_params: int) -> list[Drawn]:
    """The uniform allocation, and for each of its sites the same without that site, not refilled."""
    whole = uniform_allocation(space, max_params)
    ranks = dict(whole.ranks)
    rest = [Drawn(Allocation.of({**ranks, name: 0}), (Origin("all but one site", name),)) for name in ranks]
    return [Drawn(whole, (UNIFORM_ORIGIN,)), *rest]


def _shapes(space: SearchSpace) -> Iterator[tuple[Origin, Callable[[Site], float]]]:
    one: Group = "one kind or role"
    tilted: Group = "top- or bottom-heavy"
    kinds = list(dict.fromkeys(site.kind for site in space.sites))
    roles = list(dict.fromkeys(site.role for site in space.sites))
    top = max(site.layer for site in space.sites)
    if len(kinds) > 1:
        yield from ((Origin(one, kind), lambda site, kind=kind: float(site.kind == kind)) for kind in kinds)
    if len(roles) > len(kinds) or (len(kinds) == 1 and len(roles) > 1):
        yield from ((Origin(one, role), lambda site, role=role: float(site.role == role)) for role in roles)
    if top:
        yield Origin(tilted, "top-heavy"), lambda site: (site.layer + 1) / (top + 1)
        yield Origin(tilted, "bottom-heavy"), lambda site: (top + 1 - site.layer) / (top + 1)
        yield Origin(tilted, "top half"), lambda site: float(site.layer > top / 2)
        yield Origin(tilted, "bottom half"), lambda site: float(site.layer < top / 2)


def _picks(scores: Sequence[SiteScores], max_params: int, seed: int) -> Iterator[Drawn]:
    """What each proxy would choose, filled up to the budget; all greedy picks first, so that where room
    is short every proxy has a turn before any has two."""
    check_affordable(scores[0].space, max_params)
    for picker in PICKERS:
        for table in scores:
            origin = picked_by(table.proxy, picker)
            rng = named_generator(seed, str(origin))
            pick = ALLOCATORS[picker](table, max_params=max_params, rng=rng)
            yield Drawn(filled(pick, table.space, max_params, rng=rng), (origin,))


def _random(space: SearchSpace, max_params: int, rng: np.random.Generator) -> Allocation:
    """A random share of the sites on, at ranks in proportion to exponential draws."""
    on = rng.random(len(space.sites)) < rng.uniform(_SPARSEST, 1)
    weights = np.where(on, rng.exponential(size=len(space.sites)), 0.0)
    if not on.any():
        weights[rng.integers(len(weights))] = 1.0
    return proportional(space, weights, max_params)
