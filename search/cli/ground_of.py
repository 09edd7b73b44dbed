"""What a command line asks for: job, model, task and machine. Importing this takes seconds."""

from __future__ import annotations

from dataclasses import replace

from search.job.ground import Ground, load_ground
from search.job.job_settings import JobSettings
from search.job.logs.registry import find_loss_log
from search.job.logs.training_log import CurveLog
from search.job.machine import Machine, machine_of
from search.job.run_names import LOGS
from search.job.settings import MachineSettings

from .output_path import output_path
from .output_settings import OutputSettings
from .typed import Typed

__all__ = ["ground_of", "job_settings_of", "machine_given"]


def machine_given(given: Typed) -> Machine:
    """The machine that was typed, and the log of what it trains."""
    machine, output = machine_of(given.of(MachineSettings)), given.of(OutputSettings)
    if output.log is None:
        return machine
    log = find_loss_log(output.log, output_path(output.output) / LOGS)
    return replace(machine, log=CurveLog(log))


def job_settings_of(given: Typed) -> JobSettings:
    """All that was typed of a job."""
    return JobSettings(**{name: given.of(concern) for name, concern in JobSettings.concerns().items()})


def ground_of(given: Typed, machine: Machine) -> Ground:
    """Loads everything; raises UsageError or InputError on what cannot be used."""
    return load_ground(job_settings_of(given), machine)
