"""Processes that can be killed, and begin at once: what they import is there in the one that forks them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.search.shared.invented_drivers", "tests.search.run.shared_driver"])
PATIENCE_S = 300
"""Of a machine that is busy with something else; nothing takes as long where it is not."""


@contextmanager
def forked_processes() -> Iterator[Callable[..., BaseProcess]]:
    """Begins a process for each call, with what it shall call; those that are left are killed at the end."""
    with ExitStack() as stack:

        def begin(target: Callable[..., None], *arguments: Any) -> BaseProcess:
            process = _CONTEXT.Process(target=target, args=arguments)
            process.start()
            stack.callback(process.close)
            stack.callback(process.join)
            stack.callback(process.kill)
            return process

        yield begin


def exit_code_of(process: BaseProcess) -> int | None:
    """Once it has ended; minus its signal where it was killed."""
    process.join(PATIENCE_S)
    return process.exitcode


def wait_for(what: Callable[[], bool]) -> None:
    """Returns once it is so."""
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.05)
