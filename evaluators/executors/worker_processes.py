"""Processes on this machine that do calls, and whose deaths are told apart."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, Pipe, wait
from types import TracebackType
from typing import Final, Generic, TypeVar

import cloudpickle

from .retry import Died

__all__ = ["START", "WorkerProcesses", "end_without", "work"]

START: Final = "import sys; from evaluators.executors.worker_processes import work; work(int(sys.argv[1]))"

Own = TypeVar("Own")
Returned = TypeVar("Returned")


@dataclass(frozen=True, slots=True, eq=False)
class _Worker:
    """place: from 0, which no other that lives has."""

    place: int
    process: subprocess.Popen[bytes]
    pipe: Connection


class WorkerProcesses(Generic[Own, Returned]):
    """At most ``most`` processes, each started when there is a call that no other is free for.

    Each has a pipe of its own. So a process that is killed takes nothing but its own call with it, and there
    are no locks, no semaphores and no shared memory that it, or this process, could leave behind. They end
    with the ``with`` statement; and where this process is killed, once they have nothing to do, or at
    ``end_without``. Their start does not import this program's main module: any script may use them.
    """

    def __init__(self, most: int, own: Callable[[int], Own], *, start: str = START) -> None:
        """own: called once in each process with its place, from 0 to ``most`` - 1, which no other has while
        it lives; what it gives stays there, and is handed to every call.

        start: what a process is begun with, as Python.
        """
        self._most, self._own, self._start = most, own, start
        self._workers: list[_Worker] = []
        self._idle: list[_Worker] = []

    def __enter__(self) -> WorkerProcesses[Own, Returned]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.kill()
            worker.process.wait()

    def __call__(
        self, calls: Sequence[Callable[[Own], Returned]], /
    ) -> Iterator[tuple[int, Returned | Died]]:
        """Does the calls, as ``retry.Execute`` says; only the one that a process was at can be its end.

        Calls may be anything that cloudpickle takes, results anything that pickle takes. An exception is
        raised here with the worker's traceback as a note. Who leaves before the end ends those that are busy.
        """
        waiting = deque(enumerate(calls))
        busy: dict[Connection, tuple[int, _Worker]] = {}
        try:
            while waiting or busy:
                while waiting and len(busy) < self._most:
                    place, call = waiting.popleft()
                    given = self._given(cloudpickle.dumps(call))
                    if isinstance(given, Died):
                        yield place, given
                    else:
                        busy[given.pipe] = place, given
                for pipe in wait(list(busy)) if busy else ():  # it would wait for ever for none
                    assert isinstance(pipe, Connection)
                    place, worker = busy.pop(pipe)
                    yield place, self._result(worker)
        finally:
            for _, worker in busy.values():
                worker.process.kill()
                self._buried(worker)

    def _given(self, message: bytes) -> _Worker | Died:
        """The worker that got the message; one that somebody killed while it was idle does not get it.

        Where one that was started for it dies before it has all of it, the next one would too: that is told.
        """
        while self._idle:
            worker = self._idle.pop()
            if _sent(worker, message):
                return worker
            self._buried(worker)
        worker = self._started()
        own = cloudpickle.dumps(partial(self._own, worker.place))
        return worker if _sent(worker, own) and _sent(worker, message) else self._buried(worker)

    def _started(self) -> _Worker:
        """A new worker, deaf to Ctrl-C from its first moment on, until ``work`` has it ignored."""
        place = min(set(range(self._most)) - {worker.place for worker in self._workers})
        ours, theirs = Pipe()
        heard = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            with theirs:  # closed here, so that ours ends where the process does
                process = subprocess.Popen(
                    [sys.executable, "-c", self._start, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                )
            self._workers.append(_Worker(place, process, ours))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, heard)
        return self._workers[-1]

    def _result(self, worker: _Worker) -> Returned | Died:
        try:
            message = worker.pipe.recv_bytes()
        except (EOFError, OSError):
            return self._buried(worker)
        self._idle.append(worker)
        raised, outcome = pickle.loads(message)
        if raised:
            raise outcome
        result: Returned = outcome
        return result

    def _buried(self, worker: _Worker) -> Died:
        self._workers.remove(worker)
        worker.pipe.close()
        code = worker.process.wait()
        names = {one.value: one.name for one in signal.Signals}  # real-time signals have none
        how = (
            f"was killed by {names.get(-code, f'signal {-code}')}" if code < 0 else f"ended with code {code}"
        )
        return Died(how)


def _sent(worker: _Worker, message: bytes) -> bool:
    """Whether the worker lived to take it."""
    try:
        worker.pipe.send_bytes(message)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def work(handle: int) -> None:
    """The life of a worker: what is its own first, then calls in, results out, until nobody calls any more.

    handle: the file descriptor of its end of the pipe. Ctrl-C reaches every process of a terminal; here it is
    the other end's business.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    with suppress(EOFError, ConnectionError), Connection(handle) as pipe:
        own = pickle.loads(pipe.recv_bytes())()
        while True:
            call = pickle.loads(pipe.recv_bytes())
            pipe.send_bytes(_done(call, own))


def _done(call: Callable[[Own], object], own: Own) -> bytes:
    """What came of a call, pickled: whether it raised, and its result or what it raised."""
    try:
        return pickle.dumps((False, call(own)))
    except Exception as error:
        return _raised(error, f"in a worker process:\n{traceback.format_exc()}")


def _raised(error: Exception, note: str) -> bytes:
    """An exception with a note, pickled; a RuntimeError that says the same of one that does not survive that,
    as one that holds a lambda, or cannot be built again of what it was built of."""
    error.add_note(note)
    try:
        message = pickle.dumps((True, error))
        pickle.loads(message)
    except Exception:  # whatever a class of somebody else's does there
        plain = RuntimeError(f"{type(error).__name__}: {error}")
        plain.add_note(note)
        return pickle.dumps((True, plain))
    return message


def end_without(parent: int) -> None:
    """Ends this process where ``parent``, which started it, was killed: nobody would read what it gives."""
    if os.getppid() != parent:
        os._exit(1)
