"""What spares memory while candidates train, and leaves what they learn as it is."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from torch import Tensor

from evaluators.data.rows import Rows, padded_labels
from spaces.counted import counted
from spaces.double_precision import in_double
from spaces.errors import UsageError
from spaces.objective import Objective

from .memory import is_out_of_memory

__all__ = ["MicroBatches", "Sparing", "targets_in"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sparing:
    """Time for memory.

    gradient_checkpointing: whether the model's blocks are computed twice, with the same results bit by bit.
    micro_batch_size: rows of one candidate that are in a forward pass, at most; a step of more has several,
    and one gradient of them all, the same but for rounding (gradient accumulation). None: the whole step.
    """

    gradient_checkpointing: bool = False
    micro_batch_size: int | None = None

    def __post_init__(self) -> None:
        if self.micro_batch_size is not None and self.micro_batch_size < 1:
            raise UsageError(f"`micro_batch_size={self.micro_batch_size}` must be at least 1.")


class MicroBatches:
    """Into which parts the rows of steps are divided: more of them, once memory has run out.

    >>> [[part.tolist() for part in parts] for parts in MicroBatches(2).parts([np.arange(3), np.arange(2)])]
    [[[0, 1], [0]], [[2], [1]]]
    """

    def __init__(self, most: int, *, adapts: bool = False) -> None:
        """most: rows of one candidate in a part. adapts: whether ``shrink`` may lower it."""
        self.most, self._adapts = most, adapts

    def parts(self, indices: Sequence[np.ndarray]) -> Iterator[tuple[np.ndarray, ...]]:
        """Of each candidate's rows a part at a time, all of like size; one of few rows may have none."""
        count = ceil(max(len(own) for own in indices) / self.most)
        return zip(*(np.array_split(own, count) for own in indices), strict=True)

    def shrink(self, error: BaseException, rows: int) -> bool:
        """Halves the parts, if this error is a lack of memory that it may help.

        rows: of a candidate that were asked for; fewer than ``most``, where a batch is short.
        """
        asked = min(self.most, rows)
        if not self._adapts or asked == 1 or not is_out_of_memory(error):
            return False
        self.most = ceil(asked / 2)
        most = counted(self.most, "row")
        _log.info("memory ran out; a step's forward passes have %s at most from here on", most)
        return True


def targets_in(objective: Objective, rows: Rows, index: np.ndarray) -> Tensor:
    """How many targets some rows have, as those of a whole step of which micro-batches are parts: () float64,
    on the CPU."""
    labels = torch.from_numpy(padded_labels(rows, index, width=0))
    return in_double(objective.targets(labels)).sum()
