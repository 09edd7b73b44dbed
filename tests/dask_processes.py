"""A Dask cluster as it is in life: a scheduler and workers, each a process with a nanny of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import Client

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class DaskScheduler:
    """process: of the scheduler. file: what it has written. folder: of logs, and of what workers keep."""

    process: subprocess.Popen[bytes]
    file: Path
    folder: Path

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_text())["address"])

    @contextmanager
    def workers(self, *options: Sequence[str]) -> Iterator[None]:
        """One for each group of options, once all have joined; they end with the block."""
        with ExitStack() as ends:
            for number, own in enumerate(options):
                where = ["--host", "127.0.0.1", "--local-directory", str(self.folder / f"{number}")]
                size = ["--nworkers", "1", "--nthreads", "1", "--memory-limit", "0", "--no-dashboard"]
                ends.enter_context(_process(self.folder, "worker", self.address, *where, *size, *own))
            with Client(self.address, set_as_default=False) as client:
                client.wait_for_workers(len(options), timeout=600)
            yield


@contextmanager
def dask_scheduler(folder: Path) -> Iterator[DaskScheduler]:
    """One on loopback, at any port that is free; it ends with the block."""
    file = folder / "scheduler.json"
    where = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)]
    with _process(folder, "scheduler", *where, "--no-dashboard") as process:
        while not (file.exists() and file.stat().st_size):
            assert process.poll() is None
            time.sleep(0.05)
        yield DaskScheduler(process, file, folder)


@contextmanager
def _process(folder: Path, what: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with (folder / f"{what}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", what, *options], stdout=log, stderr=log, env=environment
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
