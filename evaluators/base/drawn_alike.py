"""Weights that a checkpoint lacks, drawn the same in every process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["drawn_alike"]


@contextmanager
def drawn_alike(bits: int | None, device: torch.device | str) -> Iterator[None]:
    """Within the block a model is loaded, and what transformers draws for it is the same every time;
    afterwards PyTorch's generators are as they were.

    bits: of its weights (``ModelSource``). A model that is packed is made on its device, where that device's
    own generator draws; any other on the CPU.
    """
    place = torch.device(device)
    gpus = [place] if bits is not None and place.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(0)
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(0)
        yield
