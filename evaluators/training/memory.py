"""How much memory was used, and whether it ran out."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import torch

from .candidate import Trained

__all__ = [
    "CrowdedError",
    "give_back_unused",
    "is_out_of_memory",
    "peak_memory",
    "reset_peak_memory",
    "what_ran_out",
    "why_it_did_not_fit",
]

_RAN_OUT: Final = ("out of memory", "can't allocate memory", "not enough memory", "_ALLOC_FAILED")


class CrowdedError(Exception):
    """Memory ran out while several candidates trained side by side; fewer may fit.

    ended: what came of those that had ended before, by their place.
    """

    def __init__(self, ended: Mapping[int, Trained]) -> None:
        super().__init__("memory ran out with several candidates at a time; train fewer.")
        self.ended = dict(ended)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: a RuntimeError that says so, of PyTorch's allocators, of CUDA itself or of one
    of its libraries, and a MemoryError of Python's and NumPy's."""
    said = isinstance(error, RuntimeError) and any(words in str(error) for words in _RAN_OUT)
    return said or isinstance(error, torch.OutOfMemoryError | MemoryError)


def why_it_did_not_fit(error: BaseException) -> str:
    """The failure of a candidate that ``is_out_of_memory`` alone."""
    return f"out of memory with one candidate at a time: {what_ran_out(error)}"


def what_ran_out(error: BaseException) -> str:
    """The first line of what such an error says."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def give_back_unused(device: torch.device) -> None:
    """Lets other processes have what PyTorch holds of a GPU and does not use."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def reset_peak_memory(device: torch.device) -> None:
    """Makes ``peak_memory`` begin anew, where the system can: on a GPU, and on Linux."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # proc_pid_clear_refs(5): resets VmHWM


def peak_memory(device: torch.device) -> int:
    """Bytes at most, of a GPU or of this process, since the reset, or else since it began."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split(maxsplit=1)[0])
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
