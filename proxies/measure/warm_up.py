"""The few training steps, with every site on, after which proxies at ``warm`` look."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.objective import Batch

__all__ = ["WarmUp"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How the super-network is trained.

    steps: of one batch each, in order and round again. rank: of every wire, or the grid's largest where
    that is smaller. learning_rate: AdamW's, the same at every step. held_batches: the last batches, which
    are measured on and never trained on; None means a quarter of them, at least one.
    """

    steps: int = 24
    rank: int = 4
    learning_rate: float = 2e-3
    held_batches: int | None = None

    def __post_init__(self) -> None:
        counts = {"steps": self.steps, "rank": self.rank, "held_batches": self.held_batches}
        for name, value in counts.items():
            if value is not None and value < 1:
                raise UsageError(f"the warm-up's {name}={value} must be at least 1.")
        if not 0 < self.learning_rate < math.inf:
            raise UsageError(f"the warm-up's learning_rate={self.learning_rate} must be positive and finite.")

    def split(self, batches: Sequence[Batch]) -> tuple[tuple[Batch, ...], tuple[Batch, ...]]:
        """The batches to train on and those to measure on; a single batch is used for both, with a warning.

        Raises InputError where ``held_batches`` leaves none to train on.
        """
        if len(batches) == 1:
            _log.warning("the super-network is trained and measured on the same, only batch; give it more")
            return tuple(batches), tuple(batches)
        held = self.held_batches or max(1, len(batches) // 4)
        if held >= len(batches):
            raise InputError(
                f"held_batches={held} leaves none of {counted(len(batches), 'batch', 'batches')} to "
                "train the super-network on; "
                "hold fewer, or give it more batches."
            )
        return tuple(batches[:-held]), tuple(batches[-held:])
