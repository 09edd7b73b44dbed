"""An experiment, trained in an order that gives answers early."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from .cell import Cell, Experiment, Run
from .laboratory import Laboratory
from .tuning import TUNING_SEEDS, TrainsRuns, Tuned, tune

__all__ = ["SEEDS", "conduct", "tuned_by"]

SEEDS: Final = 8
"""Of every cell that is reported; the first half of them of a whole block before the second."""

_log = logging.getLogger(__name__)


def conduct(
    experiment: Experiment, laboratory: Laboratory, *, after_block: Callable[[], None] = lambda: None
) -> None:
    """Trains what is missing of an experiment, a block at a time: first all of its cells are tuned and get
    half of the seeds, then the other half. after_block: is called when a block has all of a half."""
    for number, block in enumerate(experiment.blocks):
        for seeds in (range(SEEDS // 2), range(SEEDS // 2, SEEDS)):
            for cell in block:
                laboratory.settle(cell)
                tuned = tuned_by(cell, laboratory.train, laboratory)
                _forget_losers(cell, tuned, laboratory)
                runs = [Run(cell, tuned.knobs, seed) for seed in seeds]
                losses = [one.loss for one in laboratory.train(runs)]
                place = f"{experiment.name}, block {number + 1} of {len(experiment.blocks)}"
                _log.info("%s: %s", place, _said(cell, tuned, losses))
            after_block()


def tuned_by(cell: Cell, train: TrainsRuns, laboratory: Laboratory) -> Tuned:
    """A cell's knobs, or those of the cell that it has them from.

    train: trains on the tuning rows; ``Laboratory.known``, where nothing shall be trained.
    """
    source = cell.like or cell
    return tune(source, train, lambda knobs: laboratory.factors(source, knobs, TUNING_SEEDS[0]))


def _forget_losers(cell: Cell, tuned: Tuned, laboratory: Laboratory) -> None:
    """What was begun and did not go on is not gone on with."""
    laboratory.forget([Run(cell, knobs, TUNING_SEEDS[0], "validation", begun=True) for knobs in tuned.begun])


def _said(cell: Cell, tuned: Tuned, losses: Sequence[float | None]) -> str:
    """What was chosen for a cell, and what came of it."""
    knobs = tuned.knobs
    how = f"{cell.title} at mean rank {cell.mean_rank:g}, {knobs.scaling} and {knobs.learning_rate:g}"
    return f"{how}: {', '.join('failed' if loss is None else f'{loss:.4f}' for loss in losses)}"
