"""Where a job is done."""

from __future__ import annotations

import pytest
import torch

from evaluators.executors.local import LocalExecutor
from search.job.machine import machine_of, resolve_devices
from search.job.settings import MachineSettings
from spaces.errors import InputError, UsageError


def test_defaults_follow_the_first_device():
    machine = machine_of(MachineSettings(device="cpu"))
    assert (machine.devices, machine.cohort_size) == (("cpu",), 4)
    assert machine.executor == LocalExecutor(("cpu",), 4, jobs=1, spread=True)


def test_what_is_chosen_goes_to_the_executor():
    chosen = MachineSettings(devices=("cpu", "cpu"), jobs=3, cohort_size=7, threads=1)
    machine = machine_of(chosen)
    assert machine.executor == LocalExecutor(("cpu", "cpu"), 7, jobs=3, threads=1)
    assert machine.executor.at_once == 3
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


def test_an_opened_machine_has_an_opened_executor():
    machine = machine_of(MachineSettings(devices=("cpu", "cpu")))
    with machine.opened() as opened:
        assert opened.executor != machine.executor
        assert (opened.models, opened.cohort_size) == (machine.models, machine.cohort_size)


@pytest.mark.parametrize("others", [{"jobs": 2}, {"devices": ("cpu",)}])
def test_a_cluster_s_workers_have_devices_and_processes_of_their_own(others):
    with pytest.raises(UsageError, match=r"`dask` and `(jobs|devices)` exclude each other"):
        MachineSettings(dask="tcp://127.0.0.1:8786", **others)


def test_a_cluster_that_is_not_there_is_told_before_anything_is_loaded(tmp_path):
    with pytest.raises(InputError, match=r"`dask=.*no.json` is no address and no file of a scheduler"):
        machine_of(MachineSettings(device="cpu", dask=str(tmp_path / "no.json")))
