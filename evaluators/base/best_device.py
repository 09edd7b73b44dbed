"""The fastest device of a machine."""

from __future__ import annotations

import torch

__all__ = ["best_device"]


def best_device() -> str:
    """As PyTorch has it: the first GPU, Apple's, or the CPU.

    >>> best_device() in {"cuda:0", "mps", "cpu"}
    True
    """
    if torch.cuda.is_available():
        return "cuda:0"
    return "mps" if torch.backends.mps.is_available() else "cpu"
