"""A Dask cluster as it is in life: a scheduler and workers, each a process with a nanny of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import Client

from benchmarks.kills.dask_cluster import begun_scheduler, begun_worker


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
                where = [self.address, "--local-directory", str(self.folder / f"{number}")]
                ends.enter_context(_ended(begun_worker(self.folder, *where, *own)))
            with Client(self.address, set_as_default=False) as client:
                client.wait_for_workers(len(options), timeout=600)
            yield


@contextmanager
def dask_scheduler(folder: Path) -> Iterator[DaskScheduler]:
    """One on loopback, at any port that is free; it ends with the block."""
    process, file = begun_scheduler(folder)
    with _ended(process):
        yield DaskScheduler(process, file, folder)


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ends it with the block."""
    try:
        yield
    finally:
        process.terminate()
        process.wait()
