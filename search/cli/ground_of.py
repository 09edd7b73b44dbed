"""The model, the task and the machine that a command line names. Importing this takes seconds."""

from __future__ import annotations

from search.job.ground import Ground
from search.job.inputs import load_inputs
from search.job.machine import Machine, machine_of
from search.job.settings import DataSettings, MachineSettings, ModelSettings, SpaceSettings
from spaces.budget import parse_budget

from .typed import Typed

__all__ = ["ground_of", "machine_given"]


def machine_given(given: Typed) -> Machine:
    """The machine that was typed."""
    return machine_of(given.of(MachineSettings))


def ground_of(given: Typed, machine: Machine) -> Ground:
    """Loads everything; raises UsageError or InputError on what cannot be used."""
    parse_budget(given.of(SpaceSettings).budget)  # before anything that takes long
    return Ground(load_inputs(given.of(ModelSettings), given.of(DataSettings)), machine)
