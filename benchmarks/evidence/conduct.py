"""Experiments, trained in an order that gives answers early."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from .cell import Cell, Knobs, Run
from .laboratory import Laboratory
from .tuning import TUNING_SEEDS, TrainsRuns, Tuned, tune

__all__ = ["SEEDS", "conduct", "tuned_by"]

SEEDS: Final = 8
"""Of every cell that is reported; the first half of them of a whole block before the second."""

_log = logging.getLogger(__name__)


def conduct(
    blocks: Sequence[Sequence[Cell]],
    laboratory: Laboratory,
    *,
    after_block: Callable[[], None] = lambda: None,
) -> None:
    """Trains what is missing, a block at a time: all of its cells are tuned and get half of the seeds, then
    the other half.

    blocks: cells that train together. after_block: is called when a block has all of a half.
    """
    for number, block in enumerate(blocks):
        for cell in block:
            laboratory.settle(cell)
        tuned = tuned_by(block, laboratory.train, laboratory)
        _forget_losers(tuned, laboratory)
        for seeds in (range(SEEDS // 2), range(SEEDS // 2, SEEDS)):
            runs = [Run(cell, tuned[cell].knobs, seed) for cell in block for seed in seeds]
            losses = iter([one.loss for one in laboratory.train(runs)])
            for cell in block:
                told = _said(cell, tuned[cell], [next(losses) for _ in seeds])
                _log.info("block %d of %d: %s", number + 1, len(blocks), told)
            after_block()


def tuned_by(cells: Sequence[Cell], train: TrainsRuns, laboratory: Laboratory) -> dict[Cell, Tuned]:
    """Each cell's knobs, or those of the cell that it has them from; as tables have them, where they do.

    train: trains on the tuning rows; ``Laboratory.known``, where nothing shall be trained.
    """
    source = {cell: cell.like or cell for cell in cells}
    recalled = {own: laboratory.recalled.tuned(own) for own in source.values()}
    tuned = {own: one for own, one in recalled.items() if one is not None}

    def same(cell: Cell, knobs: Knobs) -> object:
        return laboratory.factors(cell, knobs, TUNING_SEEDS[0])

    tuned |= tune([own for own, one in recalled.items() if one is None], train, same)
    return {cell: tuned[own] for cell, own in source.items()}


def _forget_losers(tuned: Mapping[Cell, Tuned], laboratory: Laboratory) -> None:
    """What was begun and did not go on is not gone on with."""
    for cell, own in tuned.items():
        tried = cell.like or cell
        laboratory.forget(
            [Run(tried, knobs, TUNING_SEEDS[0], "validation", begun=True) for knobs in own.begun]
        )


def _said(cell: Cell, tuned: Tuned, losses: Sequence[float | None]) -> str:
    """What was chosen for a cell, and what came of it."""
    knobs = tuned.knobs
    how = f"{cell.title} at mean rank {cell.mean_rank:g}, {knobs.scaling} and {knobs.learning_rate:g}"
    return f"{how}: {', '.join('failed' if loss is None else f'{loss:.4f}' for loss in losses)}"
