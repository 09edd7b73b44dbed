"""How a tensor of a cohort differs from that of another pass, slot by slot."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

__all__ = ["Change", "Changes", "change_of", "changes"]

Change = Literal["none", "rounding", "more"]
Changes = list[Change]
"""Of each slot's part of a tensor, how it differs from another pass."""


def changes(one: Tensor, other: Tensor, *, slots: int) -> Changes | None:
    """Slot by slot; None where the shapes differ, or where there are no such parts."""
    if one.shape != other.shape or one.shape[:-1].numel() % slots:
        return None
    width = one.shape[-1]
    parts = (tensor.reshape(slots, -1, width) for tensor in (one, other))
    return [change_of(a, b) for a, b in zip(*parts, strict=True)]


def change_of(a: Tensor, b: Tensor) -> Change:
    """How (rows, width) differ: by rounding, where the kernels' order of summation may move equal rows, each
    feature by the size that it has itself, since some are a thousand times others."""
    if torch.equal(a, b):
        return "none"
    bound = 64 * torch.finfo(a.dtype).eps * a.abs().amax(dim=0, keepdim=True)
    return "rounding" if bool(((a - b).abs() <= bound).all()) else "more"
