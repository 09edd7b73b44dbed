"""Eigenvalues of the symmetric matrices that proxies rank by."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["eigenvalues"]


def eigenvalues(matrix: Tensor) -> Tensor:
    """Of a symmetric positive semi-definite float64 matrix (d, d): (d,), largest first, none below 0."""
    ascending: Tensor = torch.linalg.eigvalsh(matrix)
    return ascending.flip(0).clamp(min=0)
