"""Turning any rank vector into one that meets a budget and fills it."""

from __future__ import annotations

import numpy as np

from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.search_space import SearchSpace

__all__ = ["check_affordable", "filled", "repair"]


def check_affordable(space: SearchSpace, max_params: int) -> None:
    """Raises UsageError where not even the cheapest site fits at the lowest rank of the grid."""
    costs = np.where(space.available[:, 1], space.costs[:, 1], np.iinfo(np.int64).max)
    cheapest = int(costs.argmin())
    if costs[cheapest] > max_params:
        raise UsageError(
            f"max_params={max_params:,} is too small: the lowest rank above 0, {space.ranks[1]}, needs "
            f"{int(costs[cheapest]):,} at the cheapest site, {space.sites[cheapest].name}. "
            "Raise the budget to at least that, or give lower `ranks`."
        )


def repair(ranks: np.ndarray, space: SearchSpace, max_params: int, *, rng: np.random.Generator) -> np.ndarray:
    """A rank vector of the grid, near ``ranks``, that fits ``max_params`` and is maximal: (sites,), int64.

    Ranks that are off the grid, or that a site cannot have, go down to one that it can; while
    the cost is above the budget, a random site that is on goes down one rank of the grid; then, in
    random order, sites go up one rank of the grid until no such step fits. A vector of the grid that
    fits and is maximal comes back unchanged, without use of ``rng``.

    Args:
        ranks: (sites,) whole numbers >= 0, of the grid or not.
        space: the sites, and the grid.
        max_params: parameters that all wires may have together.
        rng: chooses the sites that go down and up.

    Raises ValueError on a wrong shape, fractions or negative ranks.
    """
    given = np.asarray(ranks)
    if given.shape != (len(space.sites),) or given.dtype.kind not in "iu" or (given.size and given.min() < 0):
        raise ValueError(
            f"ranks of shape {given.shape} and dtype {given.dtype} must be "
            f"{counted(len(space.sites), 'whole number')} "
            ">= 0, one per site of the space."
        )
    grid = np.array(space.ranks, dtype=np.int64)
    top = np.searchsorted(grid, space.highest)
    columns = np.minimum(np.searchsorted(grid, given, side="right") - 1, top)
    costs = space.costs
    left = max_params - int(costs[np.arange(len(columns)), columns].sum())
    # steps[site][column]: parameters of one step up from there, as far as the site goes
    steps = [row[:last] for row, last in zip(np.diff(costs, axis=1).tolist(), top.tolist(), strict=True)]
    levels = columns.tolist()
    if left < 0:
        left = _step_down(levels, steps, left, rng)
    _step_up(levels, steps, left, rng)
    return np.asarray(grid[levels])


def filled(
    allocation: Allocation, space: SearchSpace, max_params: int, *, rng: np.random.Generator
) -> Allocation:
    """An allocator's pick with the rest of the budget spent, so that all are compared at equal cost.

    Allocators stop where nothing has worth (cross wires under SNIP) or where one more site at the
    paper's single rank does not fit; the rest goes to random sites, a step of the grid at a time.

    Args:
        allocation: of sites of the space, within the budget.
        space: the sites, and the grid.
        max_params: parameters that all wires may have together.
        rng: chooses the sites that go up.
    """
    return space.allocation(repair(space.rank_vector(allocation), space, max_params, rng=rng))


def _step_down(levels: list[int], steps: list[list[int]], left: int, rng: np.random.Generator) -> int:
    """Lowers random sites that are on until ``left`` (parameters) is no longer negative; returns it."""
    on = [site for site, level in enumerate(levels) if level]
    draws = iter(rng.random(sum(levels)).tolist())
    while left < 0 and on:
        place = int(next(draws) * len(on))
        site = on[place]
        levels[site] -= 1
        left += steps[site][levels[site]]
        if levels[site] == 0:
            on[place] = on[-1]
            on.pop()
    return left


def _step_up(levels: list[int], steps: list[list[int]], left: int, rng: np.random.Generator) -> None:
    """Raises sites in random order, one rank of the grid each in turn, until no step fits.

    A site whose next step does not fit is done with: what is left never grows.
    """
    while True:
        open_sites = [
            s for s, level in enumerate(levels) if level < len(steps[s]) and steps[s][level] <= left
        ]
        if not open_sites:
            return
        for site in rng.permutation(open_sites).tolist():
            step = steps[site][levels[site]]
            if step <= left:
                levels[site] += 1
                left -= step
