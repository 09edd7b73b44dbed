"""Workers do calls, die one by one, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from evaluators.executors.retry import Died
from evaluators.executors.worker_processes import START, WorkerProcesses
from tests.child_processes import processes_of


def own_pid(place):
    return os.getpid()


def pid(own):
    """What every worker of these tests has of its own."""
    return own


def test_a_death_costs_its_own_call_alone_and_is_told():
    def call(number, own):
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 3:
            os.kill(os.getpid(), signal.SIGSEGV)
        if number == 5:
            os._exit(7)
        return number

    with WorkerProcesses(2, own_pid) as workers:
        ends = dict(workers([partial(call, number) for number in range(8)]))
    assert ends == {
        0: 0,
        1: Died("was killed by SIGKILL"),
        2: 2,
        3: Died("was killed by SIGSEGV"),
        4: 4,
        5: Died("ended with code 7"),
        6: 6,
        7: 7,
    }


def test_there_are_no_more_processes_than_calls_and_the_same_ones_do_the_next():
    with WorkerProcesses(5, own_pid) as workers:
        first = {one for _, one in workers([pid, pid])}
        assert len(processes_of(os.getpid())) == len(first) <= 2
        assert {one for _, one in workers([pid])} <= first
    assert not processes_of(os.getpid())


def test_who_leaves_before_the_end_gets_nothing_of_it_later():
    with WorkerProcesses(2, own_pid) as workers:
        calls = workers([pid, lambda own: time.sleep(60)])
        _, first = next(calls)
        calls.close()
        assert processes_of(os.getpid()) == [first]
        assert list(workers([pid])) == [(0, first)]


def test_a_worker_that_was_killed_while_idle_is_replaced():
    with WorkerProcesses(1, own_pid) as workers:
        ((_, first),) = workers([pid])
        os.kill(first, signal.SIGKILL)
        while processes_of(os.getpid()):
            time.sleep(0.01)
        ((_, other),) = workers([pid])
    assert isinstance(other, Died) or other != first


def test_an_exception_comes_with_the_worker_s_traceback_and_ends_the_others():
    def fail(own):
        raise KeyError("planted")

    with WorkerProcesses(2, own_pid) as workers, pytest.raises(KeyError, match="planted") as raised:
        list(workers([lambda own: time.sleep(60), fail]))
    assert "in fail" in raised.value.__notes__[0]
    assert not processes_of(os.getpid())


class WantsKeywords(Exception):
    def __init__(self, *, layer):
        super().__init__(f"layer {layer} is too deep")


class HoldsALambda(Exception):
    def __init__(self, said):
        super().__init__(said)
        self.again = lambda: said


@pytest.mark.parametrize("error", [lambda: WantsKeywords(layer=3), lambda: HoldsALambda("planted")])
def test_an_exception_that_cannot_be_sent_still_says_what_happened(error):
    def fail(own):
        raise error()

    said = f"{type(error()).__name__}: {error()}"
    with WorkerProcesses(1, own_pid) as workers, pytest.raises(RuntimeError, match=said) as raised:
        list(workers([fail]))
    assert "in fail" in raised.value.__notes__[0]


def length(message, own):
    return len(message)


def test_a_worker_that_dies_before_it_has_its_call_is_told_and_not_started_for_ever():
    """A call of 5 MB is more than a pipe holds: its sender finds out."""
    with WorkerProcesses(1, own_pid, start="import sys; sys.exit(3)") as workers:
        assert list(workers([partial(length, bytes(5_000_000))])) == [(0, Died("ended with code 3"))]


def masks(own):
    return signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_ctrl_c_does_not_reach_a_worker_from_its_first_moment_on():
    early = "import os, signal; os.kill(os.getpid(), signal.SIGINT); "
    with WorkerProcesses(1, own_pid, start=early + START) as workers:
        assert list(workers([masks])) == [(0, set())]
    assert masks(None) == set()


SCRIPT = """
import os, sys, time
from functools import partial
from evaluators.executors.worker_processes import WorkerProcesses, end_without

def step(parent, own):
    while True:
        end_without(parent)
        time.sleep(0.01)

with WorkerProcesses(3, lambda place: os.getpid()) as workers:
    list(workers([lambda own: print("idle", flush=True)]))
    list(workers([partial(step, os.getpid())] * 2))
"""


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_a_driver_that_is_killed_and_leave_no_file(by):
    """The script has no ``if __name__ == "__main__"``: its workers do not import it."""
    before = set(os.listdir("/dev/shm"))
    driver = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert driver.stdout.readline() == "idle\n"
    while len(workers := processes_of(driver.pid)) < 2:
        assert driver.poll() is None
        time.sleep(0.01)
    driver.send_signal(by)
    driver.wait(timeout=60)
    driver.stdout.close()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    assert not {name for name in set(os.listdir("/dev/shm")) - before if "loky" in name or "joblib" in name}


def test_places_are_those_of_the_living():
    """A process that died leaves its place to the next; nobody else's changes."""

    def call(number, place):
        if number == 2:
            os._exit(1)
        time.sleep(0.3)
        return place

    with WorkerProcesses(2, lambda place: place) as workers:
        first = dict(workers([partial(call, number) for number in range(2)]))
        after = dict(workers([partial(call, number) for number in range(2, 5)]))
    assert sorted(first.values()) == [0, 1]
    assert isinstance(after[0], Died)
    assert sorted(after[number] for number in (1, 2)) == [0, 1]
