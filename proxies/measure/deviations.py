"""Squared deviations from a mean that is not known yet."""

from __future__ import annotations

from torch import Tensor

__all__ = ["add_deviations"]


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
