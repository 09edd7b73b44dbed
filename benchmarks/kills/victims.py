"""Who is killed, of all the processes that a command has, and by which signals."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .started import Started

__all__ = ["SIGNALS", "VICTIMS", "Strike", "Victim", "processes_like", "struck"]

_WORKER: Final = b"worker_processes"
_ASLEEP: Final = 0.7  # seconds, of a worker that is stopped and goes on


@dataclass(frozen=True, slots=True)
class Victim:
    """pids: which processes of a command; none where there is none now. ends: whether the command ends of it,
    and is started again."""

    pids: Callable[[Started, random.Random], Sequence[int]]
    ends: bool


@dataclass(frozen=True, slots=True)
class Strike:
    """Signals in their order, each a pause in seconds after the one before. codes: with which a driver may
    end of them, none where it goes on. line: what its last line begins with, where it can say one."""

    signals: tuple[int, ...]
    codes: frozenset[int]
    pause: float = 0.0
    line: str = ""

    def ends(self, victim: Victim) -> bool:
        """Whether the command ends of it where that victim gets it."""
        return victim.ends and bool(self.codes)


def struck(started: Started, pids: Sequence[int], strike: Strike) -> None:
    """Sends all signals of a strike to these processes."""
    for place, number in enumerate(strike.signals):
        time.sleep(strike.pause if place else 0.0)
        started.signalled(pids, number)


def processes_like(pids: Sequence[int], mark: bytes) -> Iterator[int]:
    """Those of these processes whose command line has the mark."""
    for pid in pids:
        with suppress(OSError):  # it has ended meanwhile
            if mark in Path(f"/proc/{pid}/cmdline").read_bytes():
                yield pid


def _driver(started: Started, _: random.Random) -> Sequence[int]:
    return [started.pid]


def _group(started: Started, _: random.Random) -> Sequence[int]:
    return started.members()


def _worker(started: Started, rng: random.Random) -> Sequence[int]:
    workers = sorted(processes_like(started.members()[1:], _WORKER))
    return rng.sample(workers, 1) if workers else []


VICTIMS: Final[Mapping[str, Victim]] = {
    "group": Victim(_group, ends=True),
    "driver": Victim(_driver, ends=True),
    "worker": Victim(_worker, ends=False),
}
"""All processes of a command, that one alone which drives it, or one of its worker processes."""

_KILLED, _TERMED, _INTERRUPTED = -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT

SIGNALS: Final[Mapping[str, Strike]] = {
    "kill": Strike((signal.SIGKILL,), frozenset({_KILLED})),
    "term": Strike((signal.SIGTERM,), frozenset({_TERMED, 143}), line="terminated; this goes on"),
    "int": Strike((signal.SIGINT,), frozenset({_INTERRUPTED, 130}), line="interrupted; this goes on"),
    "int-twice": Strike((signal.SIGINT, signal.SIGINT), frozenset({_INTERRUPTED, 130}), pause=0.02),
    "pause": Strike((signal.SIGSTOP, signal.SIGCONT), frozenset(), pause=_ASLEEP),
}
"""What is sent: SIGKILL; SIGTERM or SIGINT, which a command heeds in good order; SIGINT again at once, which
ends it; SIGSTOP, and after a while SIGCONT."""
