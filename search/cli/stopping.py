"""Stopping on Ctrl-C and on SIGTERM alike: once in good order, the second time at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["Stopped", "stopping"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """A signal asked to stop; every library takes it for Ctrl-C and cleans up."""

    def __init__(self, number: int) -> None:
        """number: of the signal."""
        super().__init__(number)
        self.number = number


@contextmanager
def stopping() -> Iterator[None]:
    """Raises Stopped in the block at the first SIGINT or SIGTERM; the second ends the process.

    Signals that are ignored (nohup) stay so; nothing is changed outside of the main thread, which has them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.getsignal(one) for one in _SIGNALS}
    heeded = [one for one, handler in before.items() if handler != signal.SIG_IGN]

    def stop(number: int, frame: FrameType | None) -> None:
        for one in heeded:
            signal.signal(one, signal.SIG_DFL)
        raise Stopped(number)

    for one in heeded:
        signal.signal(one, stop)
    try:
        yield
    finally:
        for one in heeded:
            signal.signal(one, before[one])
