"""Choosing cells' learning rates and scales, with the same effort for every cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evaluators.training.candidate import Evaluation

from .cell import Cell, Knobs, Run

__all__ = ["TUNING_SEEDS", "TrainsRuns", "Tuned", "is_inner", "tune"]

TUNING_SEEDS: Final = (100_000, 100_001)
"""Which no reported seed reaches."""

TrainsRuns = Callable[[Sequence[Run]], Sequence[Evaluation]]
"""Trains runs, or reads what came of them; one evaluation each, in order."""

_GO_ON: Final = 3  # knobs that are trained to the end
_NEIGHBOURS: Final = 4  # of the best, that are trained to the end besides, at most


@dataclass(frozen=True, slots=True)
class Tuned:
    """knobs: with the lowest mean loss on the tuning rows. losses: of all that were trained to the end,
    infinite where one failed. begun: all that were trained for a third. inner: whether both rates beside
    that of the best were trained to the end; of a cell from a table, at least for a third."""

    knobs: Knobs
    losses: tuple[tuple[Knobs, float], ...]
    begun: tuple[Knobs, ...]
    inner: bool


_Tuning = Generator[Sequence[Run], Sequence[Evaluation], Tuned]
"""Of one cell: yields the runs that it needs next, is sent what came of them."""


def tune(
    cells: Sequence[Cell],
    train: TrainsRuns,
    same: Callable[[Cell, Knobs], object],
    *,
    seeds: Sequence[int] = TUNING_SEEDS,
) -> dict[Cell, Tuned]:
    """The best knobs of each cell's grid, which grows where the best rate is at an edge.

    All are trained for a third of the steps on the first seed, and the best three of them to the end on all
    seeds. While the best has a neighbour above or below that was not trained to the end, that rate is too:
    a third of the steps favours rates that start fast. What the cells need next is trained together.

    Args:
        cells: what is tuned, each by itself.
        train: trains on the tuning rows.
        same: equal for knobs that are the same thing at a cell's ranks, of which one is tried.
        seeds: of tuning.
    """
    tunings = {cell: _tuning(cell, same, seeds) for cell in cells}
    asked = {cell: next(tuning) for cell, tuning in tunings.items()}
    tuned: dict[Cell, Tuned] = {}
    while asked:
        trained = iter(train([run for runs in asked.values() for run in runs]))
        answers = {cell: [next(trained) for _ in runs] for cell, runs in asked.items()}
        asked = {}
        for cell, answer in answers.items():
            try:
                asked[cell] = tunings[cell].send(answer)
            except StopIteration as ended:
                tuned[cell] = ended.value
    return {cell: tuned[cell] for cell in tunings}


def _tuning(cell: Cell, same: Callable[[Cell, Knobs], object], seeds: Sequence[int]) -> _Tuning:
    grid = cell.grid
    distinct: dict[object, Knobs] = {}
    for point in grid.points:
        distinct.setdefault(same(cell, point), point)
    begun = tuple(distinct.values())
    first = yield [Run(cell, one, seeds[0], "validation", begun=True) for one in begun]
    order = np.argsort([_loss(one) for one in first], kind="stable")[:_GO_ON]
    best = [begun[i] for i in order]
    losses = _mean_losses(best, (yield _to_the_end(cell, best, seeds)))
    for _ in range(_NEIGHBOURS):
        beside = _untried_neighbour(_best(losses), losses, grid.ratio)
        if beside is None:
            break
        losses |= _mean_losses([beside], (yield _to_the_end(cell, [beside], seeds)))
    return Tuned(_best(losses), tuple(losses.items()), begun, is_inner(_best(losses), losses, grid.ratio))


def is_inner(best: Knobs, tried: Iterable[Knobs], ratio: float) -> bool:
    """Whether both rates beside the best one were tried."""
    return _untried_neighbour(best, tried, ratio) is None


def _best(losses: Mapping[Knobs, float]) -> Knobs:
    return min(losses, key=lambda knobs: losses[knobs])


def _to_the_end(cell: Cell, knobs: Sequence[Knobs], seeds: Sequence[int]) -> list[Run]:
    """The runs of all seeds of one after those of the other."""
    return [Run(cell, one, seed, "validation") for one in knobs for seed in seeds]


def _mean_losses(knobs: Sequence[Knobs], trained: Sequence[Evaluation]) -> dict[Knobs, float]:
    """Over the seeds. trained: of the runs that ``_to_the_end`` gave."""
    losses = np.array([_loss(one) for one in trained]).reshape(len(knobs), -1)
    return dict(zip(knobs, losses.mean(1).tolist(), strict=True))


def _untried_neighbour(best: Knobs, tried: Iterable[Knobs], ratio: float) -> Knobs | None:
    """The same a step of the rate up or down, if that was not tried; None where both were."""
    known = [
        one.learning_rate for one in tried if replace(one, learning_rate=0) == replace(best, learning_rate=0)
    ]
    for factor in (ratio, 1 / ratio):
        rate = float(f"{best.learning_rate * factor:.4g}")
        if not any(math.isclose(rate, one, rel_tol=1e-2) for one in known):
            return replace(best, learning_rate=rate)
    return None


def _loss(one: Evaluation) -> float:
    return math.inf if one.loss is None else one.loss
