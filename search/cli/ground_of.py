"""What a command line asks for: job, model, task and machine. Importing this takes seconds."""

from __future__ import annotations

from search.job.ground import Ground, load_ground
from search.job.job_settings import JobSettings
from search.job.machine import Machine, machine_of
from search.job.settings import MachineSettings

from .typed import Typed

__all__ = ["ground_of", "job_settings_of", "machine_given"]


def machine_given(given: Typed) -> Machine:
    """The machine that was typed."""
    return machine_of(given.of(MachineSettings))


def job_settings_of(given: Typed) -> JobSettings:
    """All that was typed of a job."""
    return JobSettings(**{name: given.of(concern) for name, concern in JobSettings.concerns().items()})


def ground_of(given: Typed, machine: Machine) -> Ground:
    """Loads everything; raises UsageError or InputError on what cannot be used."""
    return load_ground(job_settings_of(given), machine)
