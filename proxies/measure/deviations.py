"""Squared deviations from a mean that is not known yet."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["add_deviations", "varies"]


def add_deviations(deviations: Tensor, value: Tensor, total: Tensor, count: int) -> None:
    """Adds what the ``count``-th value does to the sum of squared deviations from the mean, in place.

    One pass, and no difference of large squares.

    Args:
        deviations: the sum so far, changed in place.
        value: of the same shape, as ``total``.
        total: sum of all values so far, this one included.
        count: how many those are.

    Source: Youngs and Cramer, Technometrics 13 (1971), as given in
    Chan, Golub and LeVeque, The American Statistician 37 (1983).
    """
    if count > 1:
        deviations.add_((count * value - total).square_(), alpha=1 / (count * (count - 1)))


def varies(std: Tensor, size: Tensor, count: int) -> Tensor:
    """Whether entries vary between batches by more than float32 rounds sums of so many of them to.

    ``add_deviations`` is off by at most half a unit in the last place of the total per value added, which
    makes a standard deviation of up to count * eps / sqrt(12) of an entry that never varies; entries whose
    standard deviation is at most count * eps of their size say nothing.

    Args:
        std: standard deviations over the batches.
        size: of the same shape, mean absolute values, or absolute values of means.
        count: of batches.
    """
    return std > count * torch.finfo(torch.float32).eps * size
