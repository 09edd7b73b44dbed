"""Training on the workers of a Dask cluster."""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from evaluators.base.base_models import BaseModels
from evaluators.base.content_digest import model_digests
from evaluators.data.task import Task
from evaluators.training.candidate import Trained
from spaces.counted import counted
from spaces.errors import InputError

from .assignment import Assignment, Tried, assigned, end_all
from .cohorts import default_cohort_size
from .dask_workers import DaskCall, DaskWorkers
from .executor import Executor, OpenedExecutor
from .on_dask_worker import own_device, train_here
from .retry import Died, outlived
from .workload import Work

__all__ = ["DaskExecutor", "join_dask"]

_log = logging.getLogger(__name__)


def join_dask(
    place: str,
    *,
    device: str = "auto",
    home: str = "cpu",
    cohort_size: int | None = None,
    threads: int | None = None,
    patience: float = 600.0,
) -> DaskExecutor:
    """An executor on the cluster whose scheduler is at ``place``: an address, or the file that it wrote.

    One of its workers is asked what it has, and if that dies another. Raises InputError where no scheduler
    answers, where no worker comes, where both die, and where workers lack these packages.

    Args:
        place: ``tcp://host:8786``, or what ``dask scheduler --scheduler-file`` has written.
        cohort_size: by default what suits the device of that worker, and no more than an equal share for
            each that is there.
        device, home, threads, patience: as of ``DaskExecutor``.
    """
    address = scheduler_address(place)
    with DaskWorkers(address, patience=patience) as workers:
        asked = DaskCall(partial(own_device, device))
        ((_, usual),) = outlived([asked], workers, parts=lambda one: [one], failed=partial(_unasked, address))
        count = len(workers)
    _log.info("cluster  %s at %s, which train on %s", counted(count, "Dask worker"), address, usual)
    size, spread = cohort_size or default_cohort_size(usual), cohort_size is None
    return DaskExecutor(address, device, home, size, threads, usual, patience, spread)


def _unasked(address: str, _: DaskCall[str], died: Died) -> str:
    """Raises InputError."""
    raise InputError(f"a Dask worker at {address} {died.how}, and so did the next one; see their logs.")


def scheduler_address(place: str) -> str:
    """The address that a person means; raises InputError where a file is none of a scheduler's.

    >>> scheduler_address("login1:8786"), scheduler_address("tls://10.0.0.1:8786")
    ('tcp://login1:8786', 'tls://10.0.0.1:8786')
    """
    if "://" in place:
        return place
    path = Path(place)
    if not path.is_file() and path.suffix != ".json" and ":" in place:
        return f"tcp://{place}"
    try:
        address = json.loads(path.read_text(encoding="utf-8"))["address"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"`dask={place}` is no address and no file of a scheduler ({error}); give tcp://HOST:PORT, or "
            "what `dask scheduler --scheduler-file FILE` has written."
        ) from None
    return str(address)


@dataclass(frozen=True, slots=True)
class DaskExecutor:
    """An ``Executor`` on the workers of a Dask cluster, as ``DaskWorkers`` are.

    Each trains one cohort at a time, whatever its threads; it loads the model once, from the same place as
    here, and gets the task's rows once. A worker that dies costs its cohort's work alone, as ``outlived``
    says. Candidate-steps are counted once a cohort has finished.

    Args:
        address: of the scheduler.
        device: ``auto`` for each worker's best, or one that all have.
        home: a device of this process, on which the base model is.
        cohort_size: candidates that share a forward pass, at most.
        threads: CPU threads of each worker, by default those that it was started with.
        usual: the device that cohorts are formed for.
        patience: seconds to wait for a worker while there is none.
        spread: whether cohorts are of the size in which the workers that are there end soonest.
    """

    address: str
    device: str
    home: str
    cohort_size: int
    threads: int | None = None
    usual: str = "cpu"
    patience: float = 600.0
    spread: bool = False

    @property
    def at_once(self) -> None:
        """As many as there are workers, which come one after the other where a cluster is just starting."""

    def __call__(
        self,
        work: Sequence[Work],
        models: BaseModels,
        *,
        on_done: Callable[[int, Trained], None],
        on_begin: Callable[[int], None] = lambda _: None,
        on_step: Callable[[int], None] = lambda _: None,
    ) -> None:
        with self.opened() as opened:
            opened(work, models, on_done=on_done, on_begin=on_begin, on_step=on_step)

    @contextmanager
    def opened(self) -> Iterator[Executor]:
        with DaskWorkers(self.address, patience=self.patience) as workers:
            yield OpenedExecutor(self, _Connected(self, workers))

    def call(self, assignment: Assignment, rows: bytes) -> DaskCall[Tried]:
        """To train it on a worker. rows: its task, pickled, which so many others have too."""
        task, source = assignment.workload.task, assignment.workload.source
        none = task.train.take([])
        rowless = replace(assignment.workload, task=Task(task.name, task.objective, none, none, none))
        given = (rowless, assignment.legs, self.device, self.threads)
        return DaskCall(partial(train_here, *given, model_digests(source.path_or_name)), rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Connected:
    """Has the workers train that a ``DaskExecutor`` was opened with.

    packed: tasks and their pickles, by identity: a search of many waves has one, of many megabytes maybe.
    """

    settings: DaskExecutor
    workers: DaskWorkers
    packed: dict[int, tuple[Task, bytes]] = field(default_factory=dict)

    def __call__(
        self,
        work: Sequence[Work],
        models: BaseModels,
        *,
        on_done: Callable[[int, Trained], None],
        on_begin: Callable[[int], None] = lambda _: None,
        on_step: Callable[[int], None] = lambda _: None,
    ) -> None:
        chosen = self.settings
        workers = max(1, len(self.workers)) if chosen.spread else 1
        size, home = chosen.cohort_size, chosen.home
        given = assigned(work, (chosen.usual,), size, models, home=home, workers=workers)
        _log.info("workers  cohorts: %d, of the cluster: %d", len(given.left), len(self.workers))
        on_begin(given.steps)

        def execute(tasks: Sequence[Assignment]) -> Iterator[tuple[int, Tried | Died]]:
            return self.workers([chosen.call(one, self._packed(one.workload.task)) for one in tasks])

        end_all(given.left, work, execute, on_done=on_done, on_step=on_step)

    def _packed(self, task: Task) -> bytes:
        """The same bytes whenever it is asked for."""
        if id(task) not in self.packed:
            self.packed[id(task)] = task, pickle.dumps(task)  # kept itself, so that its id stays its own
        return self.packed[id(task)][1]
