"""A command in a session of its own, in a process that has imported what it needs before it begins."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from search.cli.rankscape import main

__all__ = ["Started", "import_modules", "members_of", "start"]

_NAP: Final = 0.003  # seconds
_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")  # seconds that the kernel counts in
_MODULES: Final = "modules.json"


@dataclass(slots=True)
class Started:
    """pid: of the command, which leads a session. said: its stderr. code: with which it ended.

    Its time is what it computes itself, without its workers: that is alike in every start, however much
    else the machine has to do.
    """

    pid: int
    said: Path
    code: int | None = None
    computed: float = 0.0

    def ended_within(self, computing: float) -> bool:
        """Waits for its end, or until it has computed for so many seconds."""
        stat = Path(f"/proc/{self.pid}/stat")
        while self.code is None:
            user, system = stat.read_text().rpartition(")")[2].split()[11:13]
            self.computed = (int(user) + int(system)) * _TICK
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            elif self.computed >= computing:
                return False
            else:
                time.sleep(_NAP)
        return True

    def members(self) -> list[int]:
        """Living processes of its session, itself first where it lives."""
        return members_of(self.pid)

    def signalled(self, pids: Sequence[int], number: int) -> None:
        """Sends a signal to some of them; one that has ended meanwhile does not get it."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def emptied_within(self, seconds: float) -> bool:
        """Whether none of its processes is left so many seconds from now; they are not asked to end."""
        last = time.monotonic() + seconds
        while left := self.members():
            if time.monotonic() >= last:
                self.signalled(left, signal.SIGKILL)
                return False
            time.sleep(10 * _NAP)
        return True

    @property
    def last_line(self) -> str:
        """What it said last."""
        lines = self.said.read_text(errors="replace").splitlines()
        return lines[-1] if lines else ""


def members_of(session: int) -> list[int]:
    """Living processes of a session, its leader first where that lives."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            state, _, _, own = stat.read_text().rpartition(")")[2].split()[:4]
            if int(own) == session and state != "Z":
                found.append(int(stat.parent.name))
    return sorted(found, key=lambda pid: (pid != session, pid))


def start(words: Sequence[str], folder: Path, *, noting_modules: bool = False) -> Started:
    """The command begun. folder: of what it says. noting_modules: whether it notes at its end what it has
    imported, for ``import_modules``."""
    folder.mkdir(parents=True, exist_ok=True)
    said = folder / "stderr"
    pid = os.fork()
    if not pid:
        _become(words, said, folder / "stdout", folder.parent / _MODULES if noting_modules else None)
    return Started(pid, said)


def import_modules(folder: Path) -> None:
    """Imports here what a command noted, so that the next ones spend their time on work."""
    noted = folder / _MODULES
    for name in json.loads(noted.read_text()) if noted.exists() else []:
        with suppress(ImportError):  # made by others while they were imported
            importlib.import_module(name)


def _become(words: Sequence[str], said: Path, printed: Path, noted: Path | None) -> None:
    """The life of the forked process, which ends here."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which in a shell's background is ignored
    for path, descriptor in ((printed, 1), (said, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    code = 70
    try:
        code = main(words)
        if noted is not None:
            noted.write_text(json.dumps(sorted(name for name in sys.modules if name != "__main__")))
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
