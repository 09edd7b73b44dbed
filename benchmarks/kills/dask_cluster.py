"""A Dask scheduler and its workers, processes of this machine, of which one is killed now and then."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .started import Started, members_of

__all__ = ["DaskCluster", "begun_scheduler", "begun_worker", "dask_cluster"]

_ROOT: Final = Path(__file__).parents[2]
_NAP: Final = 0.05
_WORKERS: Final = 2


@dataclass(slots=True)
class DaskCluster:
    """What ``dask_cluster`` gives. file: of the scheduler. folder: of logs, and of what workers keep."""

    file: Path
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def mended(self) -> None:
        """Has as many workers as in the beginning; those that were killed with their nanny come anew."""
        self.workers = [one for one in self.workers if one.poll() is None]
        for _ in range(_WORKERS - len(self.workers)):
            where = ["--scheduler-file", str(self.file), "--local-directory", str(self.folder)]
            self.workers.append(begun_worker(self.folder, *where))

    def victims(self, _: Started, rng: random.Random) -> Sequence[int]:
        """Processes of one worker: all, or those below its nanny, which begins another one then."""
        worker = rng.choice(self.workers)
        members = members_of(worker.pid)
        return rng.choice([members, [pid for pid in members if pid != worker.pid]])


@contextmanager
def dask_cluster(folder: Path) -> Iterator[DaskCluster]:
    """One on loopback with two workers, at any port that is free; it ends with the block."""
    scheduler, file = begun_scheduler(folder)
    cluster = DaskCluster(file, folder)
    try:
        cluster.mended()
        yield cluster
    finally:
        for one in (*cluster.workers, scheduler):
            for pid in members_of(one.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            one.wait()


def begun_scheduler(folder: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """A scheduler's process on loopback, and the file in a folder by which it is found, which is there."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    scheduler = _begun(folder, "scheduler", "--port", "0", "--scheduler-file", str(file))
    try:
        while not (file.exists() and file.stat().st_size):
            if scheduler.poll() is not None:
                raise RuntimeError(f"the scheduler ended; see {folder / 'scheduler.log'}.")
            time.sleep(_NAP)
    except BaseException:
        scheduler.kill()
        scheduler.wait()
        raise
    return scheduler, file


def begun_worker(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """The process of one worker's nanny. options: where its scheduler is, and what else it shall have."""
    return _begun(folder, "worker", "--nworkers", "1", "--nthreads", "1", "--memory-limit", "0", *options)


def _begun(folder: Path, what: str, *options: str) -> subprocess.Popen[bytes]:
    """A process of Dask's in a session of its own."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "dask", what, "--host", "127.0.0.1", "--no-dashboard", *options]
    with (folder / f"{what}.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
