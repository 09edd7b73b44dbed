"""Cutting what was trained to lower ranks: the first rows and columns of each wire (DyLoRA)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from spaces.allocation import Allocation

__all__ = ["truncated"]


def truncated(tensors: Mapping[str, Tensor], allocation: Allocation) -> dict[str, Tensor]:
    """What an allocation trains, cut from wires of higher ranks, and the head.

    Views of their first rows of A and columns of B (arXiv:2210.07558, eq. 5).
    tensors: as ``Trained`` has them. Raises ValueError on a rank above their own.
    """
    parts = {name: tensor for name, tensor in tensors.items() if name.startswith("head.")}
    for site, rank in allocation.ranks:
        a, b = tensors[f"{site}.A"], tensors[f"{site}.B"]
        if rank > len(a):
            raise ValueError(f"rank {rank} at {site} is above {len(a)}, that of what was trained there.")
        parts[f"{site}.A"], parts[f"{site}.B"] = a[:rank], b[:, :rank]
    return parts
