"""How much memory was used, and whether it ran out."""

from __future__ import annotations

import resource
import sys
from typing import Final

import torch

__all__ = ["OUT_OF_MEMORY", "is_out_of_memory", "peak_memory"]

OUT_OF_MEMORY: Final = "out of memory"  # how the failure of a candidate that does not fit begins


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: an error of its own on a GPU, a RuntimeError of the allocator on a CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def peak_memory(device: torch.device) -> int:
    """Bytes at most: of a GPU since its statistics were reset, else of this process since its start."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
