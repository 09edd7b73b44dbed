"""The living processes that another one has started."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def processes_of(parent: int) -> list[int]:
    """Pids of the living children of a process."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, owner = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it has ended meanwhile
            continue
        if int(owner) == parent and state != "Z":
            children.append(int(stat.parent.name))
    return children


def kill_workers() -> int:
    """Kills the worker processes of this one by SIGKILL; how many there were."""
    children = processes_of(os.getpid())
    workers = [pid for pid in children if b"worker_processes" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    return len(workers)
