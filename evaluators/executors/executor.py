"""Who trains candidates: this machine, or others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from evaluators.base.base_models import BaseModels
from evaluators.training.candidate import Trained

from .spread import Work

__all__ = ["Executor"]


class Executor(Protocol):
    """Trains all legs that are not known, somewhere.

    Args:
        work: the legs of each workload.
        models: of this process; every other process has its own.
        on_done: sees what came of each leg as soon as its cohort has finished, with the index of its work.
        on_step: counts candidate-steps.
    """

    def __call__(
        self,
        work: Sequence[Work],
        models: BaseModels,
        *,
        on_done: Callable[[int, Trained], None],
        on_step: Callable[[int], None] = ...,
    ) -> None: ...
