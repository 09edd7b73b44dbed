"""Who trains candidates: this machine, or others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from evaluators.base.base_models import BaseModels
from evaluators.training.candidate import Trained

from .workload import Work

__all__ = ["Executor"]


class Executor(Protocol):
    """Trains all legs that are not known, somewhere.

    Nothing of the candidates is kept there. Cohorts are formed before they are spread: results depend on
    where they train, and on how many do at once, by no more than rounding.
    """

    @property
    def at_once(self) -> int | None:
        """Cohorts that train at the same time, where there are as many; None where workers come and go."""
        ...

    @property
    def cohort_size(self) -> int:
        """Candidates that share a forward pass, at most."""
        ...

    def __call__(
        self,
        work: Sequence[Work],
        models: BaseModels,
        *,
        on_done: Callable[[int, Trained], None],
        on_step: Callable[[int], None] = ...,
    ) -> None:
        """Returns when all have ended.

        Args:
            work: the legs of each workload.
            models: of this process; every other process has its own.
            on_done: sees what came of each leg as soon as its cohort has finished, with the index of its
                work.
            on_step: counts candidate-steps.
        """
        ...

    def opened(self) -> AbstractContextManager[Executor]:
        """The same, whose workers stay from one call to the next: processes and the models in them, or the
        connection to a cluster. Unopened, each call is on its own."""
        ...
