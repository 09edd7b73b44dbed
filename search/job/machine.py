"""Where a job is done: devices, who trains on them, and the models that are loaded there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch

from evaluators.base.base_models import BaseModels
from evaluators.base.best_device import best_device
from evaluators.executors.clusters import CLUSTERS
from evaluators.executors.cohorts import default_cohort_size
from evaluators.executors.executor import Executor
from evaluators.executors.local import LocalExecutor
from spaces.counted import counted
from spaces.errors import UsageError

from .logs.training_log import TrainingLog, Unlogged
from .settings import MachineSettings

__all__ = ["Machine", "machine_of", "resolve_devices"]


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """devices: of this machine; the first scores. executor: trains candidates, on them or elsewhere. models:
    that are loaded in this process. threads_before: of PyTorch in this process, where the machine has changed
    them. log: is told losses."""

    devices: tuple[str, ...]
    executor: Executor
    models: BaseModels = field(default_factory=BaseModels)
    threads_before: int | None = None
    log: TrainingLog = field(default_factory=Unlogged)

    @property
    def cohort_size(self) -> int:
        """Candidates that share a forward pass, at most."""
        return self.executor.cohort_size

    @contextmanager
    def opened(self) -> Iterator[Machine]:
        """The same, whose workers stay from one call of the executor to the next."""
        with self.executor.opened() as executor:
            yield replace(self, executor=executor)

    def release(self) -> None:
        """Lets go of the models, and gives PyTorch the threads back that it had before."""
        self.models.release()
        if self.threads_before is not None:
            torch.set_num_threads(self.threads_before)


def machine_of(settings: MachineSettings) -> Machine:
    """This machine, and the cluster behind it, as the settings have them; raises UsageError on a device that
    is not there, InputError where a cluster cannot be used.

    Where they have ``threads``, PyTorch computes with as many in this process until ``Machine.release``.
    """
    devices = resolve_devices(settings.device, settings.devices)
    executor = _executor_of(settings, devices)
    before = torch.get_num_threads() if settings.threads else None
    if settings.threads:
        torch.set_num_threads(settings.threads)
    return Machine(devices, executor, threads_before=before)


def _executor_of(settings: MachineSettings, devices: tuple[str, ...]) -> Executor:
    """On the cluster that the settings name, or else on these devices."""
    size, threads = settings.cohort_size, settings.threads
    for kind, join in CLUSTERS.items():
        if place := getattr(settings, kind):
            return join(place, device=settings.device, home=devices[0], cohort_size=size, threads=threads)
    jobs = settings.jobs or len(devices)
    usual = default_cohort_size(devices[0])
    return LocalExecutor(devices, size or usual, jobs, threads, spread=size is None)


def resolve_devices(device: str, devices: Sequence[str] | None) -> tuple[str, ...]:
    """The devices to train on, the first of which also scores; raises UsageError on one that is not there.

    >>> resolve_devices("auto", ["cpu"])
    ('cpu',)
    """
    if devices is None:
        devices = (best_device() if device == "auto" else device,)
    for name in devices:
        _check_device(name)
    return tuple(devices)


def _check_device(name: str) -> None:
    match = re.fullmatch(r"cpu|mps|cuda(?::([0-9]{1,4}))?", name)
    if not match:
        raise UsageError(f"`device={name}` is unknown; use auto, cpu, cuda, cuda:1 or mps.")
    if name.startswith("cuda") and int(match[1] or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"`device={name}`: this machine has {counted(torch.cuda.device_count(), 'CUDA device')}; "
            "use auto or cpu."
        )
    if name == "mps" and not torch.backends.mps.is_available():
        raise UsageError("`device=mps` is not available on this machine; use auto or cpu.")
