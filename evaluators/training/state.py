"""Where a candidate stands in the middle of its training: enough to go on as if it had never paused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

__all__ = ["State"]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What a leg ends with that is not its candidate's last; the schedule and the order of the rows follow
    from the number of its steps.

    tensors, mean, square: what it trains and AdamW's moments of it, float32 on the CPU, without padding, by
    name: ``layers.3.q.A`` (r, d_in), ``layers.3.q.B`` (d_out, r), ``head.classifier.weight`` and so on.
    curve, seconds, peak_memory: as of an ``Evaluation``, from the candidate's start on.
    """

    tensors: Mapping[str, Tensor] = field(repr=False)
    mean: Mapping[str, Tensor] = field(repr=False)
    square: Mapping[str, Tensor] = field(repr=False)
    curve: tuple[float, ...]
    seconds: float
    peak_memory: int

    @property
    def step(self) -> int:
        """How many steps it has taken."""
        return len(self.curve)
