"""Training on this machine, in this process or in several."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import torch
from joblib import cpu_count

from evaluators.base.base_models import BaseModels
from evaluators.training.candidate import Trained

from .assignment import Assigned, Assignment, Tried, assigned, end_all, train_assigned
from .executor import Executor, OpenedExecutor
from .retry import Died
from .worker_processes import WorkerProcesses, end_without
from .workload import Work

__all__ = ["LocalExecutor"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """An ``Executor`` on the devices of this machine, in this process or in several.

    A process that dies costs its cohort's work alone, as ``outlived`` says; a candidate that ends its own
    process when it is alone has failed.

    Args:
        devices: cohorts go round them in this process; of several each has one of its own for as long as it
            lives, the next in turn.
        cohort_size: candidates that share a forward pass, at most.
        jobs: 1 trains in this process; above that, so many processes, but never more than cohorts, each with
            models of its own. Steps are then counted once a cohort has finished.
        threads: CPU threads of each process, by default its share of the cores.
        spread: whether cohorts are of the size in which the processes end soonest (``soonest_size``).
    """

    devices: tuple[str, ...]
    cohort_size: int
    jobs: int = 1
    threads: int | None = None
    spread: bool = False

    @property
    def at_once(self) -> int:
        return self.jobs

    def __call__(
        self,
        work: Sequence[Work],
        models: BaseModels,
        *,
        on_done: Callable[[int, Trained], None],
        on_begin: Callable[[int], None] = lambda _: None,
        on_step: Callable[[int], None] = lambda _: None,
    ) -> None:
        if self.jobs > 1:
            with self.opened() as opened:
                opened(work, models, on_done=on_done, on_begin=on_begin, on_step=on_step)
            return
        given = self.assigned(work, models)
        on_begin(given.steps)
        left = deque(given.left)
        while left:
            assignment = left.popleft()
            tried = train_assigned(assignment, models, on_step)
            for one in assignment.news(tried, work):
                on_done(assignment.work, one)
            left.extendleft(reversed(assignment.halves(tried)))

    @contextmanager
    def opened(self) -> Iterator[Executor]:
        if self.jobs == 1:
            yield self
            return
        own = partial(_Own.at, self.devices)
        with WorkerProcesses[_Own, Tried](self.jobs, own) as processes:
            yield OpenedExecutor(self, _Processes(self, processes))

    def assigned(self, work: Sequence[Work], models: BaseModels) -> Assigned:
        """What there is to train, cohort by cohort."""
        workers = self.jobs if self.spread else 1
        return assigned(work, self.devices, self.cohort_size, models, home=self.devices[0], workers=workers)


@dataclass(frozen=True, slots=True, eq=False)
class _Own:
    """What a process keeps: its models, all on one device."""

    device: str
    models: BaseModels

    @classmethod
    def at(cls, devices: Sequence[str], place: int) -> _Own:
        return cls(devices[place % len(devices)], BaseModels())


@dataclass(frozen=True, slots=True, eq=False)
class _Processes:
    """Has the processes train that a ``LocalExecutor`` was opened with."""

    local: LocalExecutor
    processes: WorkerProcesses[_Own, Tried]

    def __call__(
        self,
        work: Sequence[Work],
        models: BaseModels,
        *,
        on_done: Callable[[int, Trained], None],
        on_begin: Callable[[int], None] = lambda _: None,
        on_step: Callable[[int], None] = lambda _: None,
    ) -> None:
        given = self.local.assigned(work, models)
        left, cohorts = given.left, given.cohorts
        jobs = min(self.local.jobs, len(left))
        # of all cohorts, the known ones too: threads decide rounding, and an interruption shall not
        threads = self.local.threads or max(1, cpu_count() // max(1, min(self.local.jobs, cohorts)))
        _log.info("workers  cohorts: %d, processes: %d, threads of each: %d", len(left), jobs, threads)
        on_begin(given.steps)

        def execute(tasks: Sequence[Assignment]) -> Iterator[tuple[int, Tried | Died]]:
            return self.processes([partial(_train_elsewhere, threads, os.getpid(), task) for task in tasks])

        end_all(left, work, execute, on_done=on_done, on_step=on_step)


def _train_elsewhere(threads: int, parent: int, assignment: Assignment, own: _Own) -> Tried:
    torch.set_num_threads(threads)
    here = replace(assignment, device=own.device)
    return train_assigned(here, own.models, lambda _: end_without(parent))
