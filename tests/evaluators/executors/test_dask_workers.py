"""Calls on the workers of a real Dask cluster: who dies takes nothing with it but its own call."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from evaluators.executors.dask_workers import DaskCall, DaskWorkers
from evaluators.executors.retry import Died
from spaces.errors import InputError
from tests.dask_processes import dask_scheduler


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """One with two workers, of which one declares a GPU."""
    folder, gpu = tmp_path_factory.mktemp("dask"), ["--resources", "GPU=1"]
    with dask_scheduler(folder) as scheduler, scheduler.workers(gpu, []):
        yield scheduler


@pytest.fixture
def workers(scheduler):
    with DaskWorkers(scheduler.address, patience=600) as workers:
        yield workers


def noted(folder: Path, number: int):
    """A call that notes by which process it was done, and gives its number with what it was sent."""

    def do(shared):
        (folder / f"{number}-{os.getpid()}").touch()
        return number, len(shared)

    return do


def pids(folder: Path, number: int) -> list[int]:
    return [int(path.name.partition("-")[2]) for path in folder.glob(f"{number}-*")]


def test_both_workers_do_calls_and_get_what_is_shared(workers, tmp_path):
    def do(shared):
        time.sleep(0.05)
        return noted(tmp_path, len(shared))(shared)

    sizes = [20_000_000, *range(8)]
    ends = dict(workers([DaskCall(do, bytes(size)) for size in sizes]))
    assert ends == {place: (size, size) for place, size in enumerate(sizes)}
    assert len({pid for size in sizes for pid in pids(tmp_path, size)}) == 2


def test_a_call_takes_the_gpu_of_the_worker_that_declares_one(workers):
    def do(_):
        from distributed import get_worker

        state = get_worker().state
        return tuple((name, state.available_resources[name]) for name in state.total_resources)

    def slowly(shared):
        time.sleep(0.2)
        return do(shared)

    assert {result for _, result in workers([DaskCall(slowly)] * 4)} == {(), (("GPU", 0.0),)}


def test_a_worker_that_is_killed_takes_its_call_with_it_and_no_other(workers, tmp_path):
    """From outside; and by its call, which no other worker is given."""

    def until_killed(shared):
        noted(tmp_path, 100)(shared)
        time.sleep(60)

    def deadly(shared):
        noted(tmp_path, 101)(shared)
        os.kill(os.getpid(), signal.SIGKILL)

    ends = {}
    for place, result in workers([DaskCall(one) for one in (until_killed, noted(tmp_path, 1), deadly)]):
        ends[place] = result
        if place == 1:
            while not (found := pids(tmp_path, 100)):
                time.sleep(0.01)
            os.kill(found[0], signal.SIGKILL)
    assert ends[1] == (1, 0)
    assert all(isinstance(ends[place], Died) and "was lost" in ends[place].how for place in (0, 2))
    assert [len(pids(tmp_path, number)) for number in (100, 1, 101)] == [1, 1, 1]
    assert dict(workers([DaskCall(noted(tmp_path, 2), b"again")])) == {0: (2, 5)}


def test_a_death_is_noticed_while_others_give_results(workers, tmp_path):
    """Not only once nobody has given any for a while, as at the end of a wave."""

    def deadly(shared):
        noted(tmp_path, 201)(shared)
        os.kill(os.getpid(), signal.SIGKILL)

    def short(_):
        time.sleep(0.1)

    places = [place for place, _ in workers([DaskCall(deadly), *[DaskCall(short)] * 60])]
    assert sorted(places) == list(range(61))
    assert places[-1] != 0


def test_an_exception_is_raised_here_and_what_cannot_be_imported_is_told_in_a_line(workers):
    def fail(_):
        raise KeyError("planted")

    def import_nothing(_):
        import not_installed_there  # noqa: F401

    with pytest.raises(KeyError, match="planted"):
        list(workers([DaskCall(fail)]))
    with pytest.raises(InputError, match="cannot import not_installed_there; install there"):
        list(workers([DaskCall(import_nothing)]))


def test_where_there_is_no_scheduler_or_no_worker_and_where_it_is_lost_it_is_told_in_a_line(tmp_path):
    with pytest.raises(InputError, match="no Dask scheduler answers at tcp"):
        DaskWorkers("tcp://127.0.0.1:1", patience=0.5)
    with dask_scheduler(tmp_path) as scheduler, DaskWorkers(scheduler.address, patience=3) as workers:
        with pytest.raises(InputError, match="has had no worker for"):
            list(workers([DaskCall(len)]))
        with scheduler.workers([]):
            calls = workers([DaskCall(len), DaskCall(lambda _: time.sleep(60))])
            assert next(calls) == (0, 0)
            scheduler.process.kill()
            with pytest.raises(InputError, match="was lost; what had finished is kept"):
                next(calls)
