"""Sums and linear algebra in float64, on devices too that have none."""

from __future__ import annotations

from torch import Tensor

__all__ = ["in_double"]


def in_double(tensor: Tensor) -> Tensor:
    """The tensor in float64; on the CPU where its device (MPS) has none.

    >>> import torch
    >>> in_double(torch.ones(2)).dtype, in_double(torch.ones(2, device="meta")).device.type
    (torch.float64, 'meta')
    """
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()
