"""What a worker of a Dask cluster does: it keeps a model and rows, and trains one cohort at a time."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from threading import Lock

import torch
from distributed import get_worker

from evaluators.base.base_model import ModelSource
from evaluators.base.base_models import BaseModels
from evaluators.base.best_device import best_device
from evaluators.base.content_digest import model_digests
from evaluators.base.weight_files import WEIGHTS
from evaluators.data.task import Task
from evaluators.training.leg import Leg
from spaces.errors import InputError

from .assignment import Assignment, Tried, train_assigned
from .workload import Workload

__all__ = ["UnwantedError", "own_device", "train_here"]


class UnwantedError(Exception):
    """Nobody waits for this cohort any more: its driver has cancelled it, or has gone."""


def own_device(device: str, _: bytes = b"") -> str:
    """The device of this worker that is meant: the best there is for ``auto``."""
    return best_device() if device == "auto" else device


def train_here(
    workload: Workload,
    legs: Sequence[Leg],
    device: str,
    threads: int | None,
    digests: Mapping[str, str],
    task: bytes,
) -> Tried:
    """The legs trained on this worker, as ``train_assigned`` says.

    It ends at its next step once nobody wants it. Raises InputError where the model cannot be loaded here,
    or is another one than the driver's.

    Args:
        workload: without the rows of its task, which come by themselves.
        legs: of the candidates that train together.
        device: ``auto``, or as PyTorch has it.
        threads: CPU threads; by default the worker's.
        digests: of the driver's files of the model, as ``model_digests``.
        task: the workload's task, pickled.
    """
    here = _here()
    with here.lock:
        torch.set_num_threads(threads or get_worker().state.nthreads)
        whole = replace(workload, task=here.task(task))
        place = own_device(device)
        models = here.models(workload.source, digests, place)
        assignment = Assignment(0, whole, tuple(legs), place)
        return train_assigned(assignment, models, _end_unwanted)


class _Here:
    """What a worker process keeps from cohort to cohort, whoever they are of: one task and one model.

    lock: held while a cohort trains. A worker with many threads would begin several at once, in one process
    and over one model, whose hooks they would share.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self._models = BaseModels()
        self._source: ModelSource | None = None
        self._packed = b""
        self._task: Task | None = None

    def task(self, packed: bytes) -> Task:
        """Unpickled where it is another one than before."""
        if self._task is None or self._packed != packed:
            self._task = pickle.loads(packed)
            self._packed = packed
        assert self._task is not None
        return self._task

    def models(self, source: ModelSource, digests: Mapping[str, str], device: str) -> BaseModels:
        """Of this source alone, loaded; InputError where its files are not those of which these are the
        digests. A name on the hub may have none before it is loaded, and then another commit's."""
        if source != self._source:
            self._models.release()
            self._source = source
        _check_same(source, digests)
        self._models.on(source, device)
        _check_same(source, digests)
        return self._models


def _check_same(source: ModelSource, digests: Mapping[str, str]) -> None:
    """Raises InputError where a file here is another than the driver's, or weights are in other files."""
    own = model_digests(source.path_or_name)
    if not own or not digests:  # of a name that is not in the cache
        return
    told = (own.keys() & digests) | set(WEIGHTS)
    if changed := sorted(name for name in told if own.get(name) != digests.get(name)):
        raise InputError(
            f"{source.path_or_name} on the Dask worker {get_worker().address} has another {changed[0]} "
            "than here; give every machine the same model."
        )


@cache
def _here() -> _Here:
    return _Here()


def _end_unwanted(steps: int) -> None:
    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    if task is None or task.state != "executing":
        raise UnwantedError
