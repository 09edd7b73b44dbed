"""What keeps curves of numbers for a person to look at: TensorBoard's files, Weights & Biases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["LossLog", "LossPoint"]


@dataclass(frozen=True, slots=True)
class LossPoint:
    """name: of a curve, such as ``train/loss``. step: of the optimizer, from 1."""

    name: str
    step: int
    value: float


class LossLog(Protocol):
    """Takes points of a run, in the order of their steps, and has written them when it returns.

    Args:
        run: the name of the run, fit for a folder.
        points: those that were not told before.
        settings: what the run is of, by name.
    """

    def __call__(
        self, run: str, points: Sequence[LossPoint], settings: dict[str, str | float], /
    ) -> None: ...
