"""Stopping on Ctrl-C and on SIGTERM alike: once in good order, the second time at once.

What a signal's handler raises can be lost. It is raised in whatever is being done, and where that cannot
fail (a ``__del__``, a weak reference's callback, of which every import and every SQLAlchemy session has some)
Python prints it and carries on; a library may drop it, too. So it is raised again until it ends the block,
but never in what is done because of it: there the stop is the exception that is being handled.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["Stopped", "stopping"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_PATIENCE: Final = 0.3  # seconds from one asking to the next


class Stopped(KeyboardInterrupt):
    """A signal asked to stop; every library takes it for Ctrl-C and cleans up."""

    def __init__(self, number: int) -> None:
        """number: of the signal."""
        super().__init__(number)
        self.number = number


@contextmanager
def stopping() -> Iterator[None]:
    """Raises Stopped in the block at the first SIGINT or SIGTERM; the second ends the process.

    Where that exception is lost it is raised again soon, by SIGALRM, so not on Windows. A block that ends by
    itself meanwhile has ended. So who is done with a stop before its block is lets the block end at once.
    Signals that are ignored (nohup) stay so; nothing is changed outside of the main thread, which has them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.getsignal(one) for one in _SIGNALS}
    heeded = [one for one, handler in before.items() if handler != signal.SIG_IGN]
    asked = _StopAsked(heeded)
    try:
        for one in heeded:
            signal.signal(one, asked.first)
        yield
    except Exception as error:
        stop = _stop_behind(error)
        if stop is not None:
            raise stop from None
        raise
    finally:
        asked.no_more()
        for one in heeded:
            signal.signal(one, before[one])


class _StopAsked:
    """The askings of one block to stop: by a signal, and then by a clock."""

    def __init__(self, heeded: Sequence[signal.Signals]) -> None:
        """heeded: the signals that ask."""
        self._heeded = heeded
        self._clock = None if sys.platform == "win32" else signal.getsignal(signal.SIGALRM)
        self._hook = sys.unraisablehook
        self._number: int | None = None
        self._over = False

    def first(self, number: int, frame: FrameType | None) -> None:
        """The handler of the signals: the next one ends the process."""
        if self._over:
            return
        for one in self._heeded:
            signal.signal(one, signal.SIG_DFL)
        self._number = number
        if sys.platform != "win32":
            signal.signal(signal.SIGALRM, self._again)
            signal.setitimer(signal.ITIMER_REAL, _PATIENCE, _PATIENCE)
            sys.unraisablehook = self._lost
        raise Stopped(number)

    def _again(self, number: int, frame: FrameType | None) -> None:
        assert self._number is not None
        if not (self._over or _is_heeded()):
            raise Stopped(self._number)

    def _lost(self, what: sys.UnraisableHookArgs) -> None:
        """Says nothing of a stop that was lost and comes again."""
        if not isinstance(what.exc_value, Stopped):
            self._hook(what)

    def no_more(self) -> None:
        """Lets the block be over; the clock and what is said of losses are as they were before."""
        self._over = True
        if sys.platform != "win32" and self._number is not None:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, self._clock)
            sys.unraisablehook = self._hook


def _stop_behind(error: BaseException) -> Stopped | None:
    """The stop that an error was made of: an extension that is being imported makes an ImportError of it."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Stopped):
        cause = cause.__cause__
    return cause


def _is_heeded() -> bool:
    """Whether a stop, or the closing of a generator that one has left, is being handled where we are called.

    Errors of a clean-up have the stop as their context.
    """
    error = sys.exception()
    while error is not None and not isinstance(error, (Stopped, GeneratorExit)):
        error = error.__context__
    return error is not None
