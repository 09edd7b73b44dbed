"""Who trains candidates: this machine, or others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from evaluators.base.base_models import BaseModels
from evaluators.training.candidate import Trained

from .workload import Work

__all__ = ["Executor", "OpenedExecutor", "TrainsWork"]


class TrainsWork(Protocol):
    """Trains all legs that are not known, somewhere, and keeps nothing of their candidates there."""

    def __call__(
        self,
        work: Sequence[Work],
        models: BaseModels,
        *,
        on_done: Callable[[int, Trained], None],
        on_begin: Callable[[int], None] = ...,
        on_step: Callable[[int], None] = ...,
    ) -> None:
        """Returns when all have ended.

        Args:
            work: the legs of each workload.
            models: of this process; every other process has its own.
            on_done: sees what came of each leg as soon as its cohort has finished, with the index of its
                work.
            on_begin: is told once, before all else, how many candidate-steps there are (``Assigned.steps``).
            on_step: counts candidate-steps.
        """
        ...


class Executor(TrainsWork, Protocol):
    """Trains on the workers that it has.

    Cohorts are formed before they are spread: results depend on where they train, and on how many do at once,
    by no more than rounding.
    """

    @property
    def at_once(self) -> int | None:
        """Cohorts that train at the same time, where there are as many; None where workers come and go."""
        ...

    @property
    def cohort_size(self) -> int:
        """Candidates that share a forward pass, at most."""
        ...

    def opened(self) -> AbstractContextManager[Executor]:
        """The same, whose workers stay from one call to the next: processes and the models in them, or the
        connection to a cluster. Unopened, each call is on its own."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class OpenedExecutor:
    """What ``Executor.opened`` gives: settings as before it was opened, and workers that are there by now.

    train: has them train.
    """

    unopened: Executor
    train: TrainsWork

    @property
    def at_once(self) -> int | None:
        return self.unopened.at_once

    @property
    def cohort_size(self) -> int:
        return self.unopened.cohort_size

    @contextmanager
    def opened(self) -> Iterator[Executor]:
        yield self

    def __call__(
        self,
        work: Sequence[Work],
        models: BaseModels,
        *,
        on_done: Callable[[int, Trained], None],
        on_begin: Callable[[int], None] = lambda _: None,
        on_step: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.train(work, models, on_done=on_done, on_begin=on_begin, on_step=on_step)
