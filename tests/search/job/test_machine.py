"""Where a job is done."""

from __future__ import annotations

import pytest
import torch

from evaluators.executors.local import LocalExecutor
from search.job.machine import machine_of, resolve_devices
from search.job.settings import MachineSettings
from spaces.errors import UsageError


def test_defaults_follow_the_first_device():
    machine = machine_of(MachineSettings(device="cpu"))
    assert (machine.devices, machine.cohort_size) == (("cpu",), 4)
    assert machine.executor == LocalExecutor(("cpu",), 4, jobs=1)


def test_what_is_chosen_goes_to_the_executor():
    chosen = MachineSettings(devices=("cpu", "cpu"), jobs=3, cohort_size=7, threads=1)
    machine = machine_of(chosen)
    assert machine.executor == LocalExecutor(("cpu", "cpu"), 7, jobs=3, threads=1)
    assert torch.get_num_threads() == 1


def test_every_device_gets_a_process_where_none_is_chosen():
    assert machine_of(MachineSettings(devices=("cpu", "cpu"))).executor.jobs == 2


@pytest.mark.parametrize(
    ("device", "words"),
    [("cpux", "`device=cpux` is unknown; use auto"), ("cuda:999", "this machine has .* use auto or cpu")],
)
def test_a_device_that_is_not_there_is_refused_by_its_argument(device, words):
    with pytest.raises(UsageError, match=words):
        resolve_devices(device, None)


def test_the_threads_of_the_process_come_back_when_the_machine_is_let_go():
    before = torch.get_num_threads()
    machine = machine_of(MachineSettings(device="cpu", threads=before + 1))
    assert torch.get_num_threads() == before + 1
    machine.release()
    assert torch.get_num_threads() == before
