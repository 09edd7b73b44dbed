"""Keeping compiled code from writing to stdout, where only the result of a command belongs."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["silent_stdout"]


@contextmanager
def silent_stdout() -> Iterator[None]:
    """Drops what C code writes to file descriptor 1 meanwhile, in all threads; Python's own buffer is kept.

    HiGHS prints a left-over debug line for some problems, whatever its log options say
    (github.com/jump-dev/HiGHS.jl/issues/312, seen with SciPy 1.17); it would spoil JSON on stdout.
    Does nothing where the process has no stdout.
    """
    c_library = ctypes.CDLL(None if os.name == "posix" else "ucrtbase")
    try:
        kept = os.dup(1)
    except OSError:
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    c_library.fflush(None)  # what was written before must not be dropped
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        c_library.fflush(None)  # C keeps text back when stdout is no terminal
        os.dup2(kept, 1)
        os.close(nowhere)
        os.close(kept)
