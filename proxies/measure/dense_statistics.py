"""What the dense pass can measure besides G, for the proxies that need it."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

__all__ = ["Statistic", "add_deviations"]

Statistic = Literal["absolute_of_b", "deviations", "deviations_of_b", "second_moments"]
"""Each costs memory in float32 for as long as the evidence lives; all but the moments also a second G
of every site during the pass.

* ``deviations``: sum over batches of (G_b - mean)^2, entry by entry; (d_out, d_in) a site.
* ``deviations_of_b``: the same of dL/dB at the initial A; (d_out, r) a site, and its A (r, d_in).
* ``absolute_of_b``: sum over batches of |dL/dB|, entry by entry, of the same shape.
* ``second_moments``: sum over tokens of x x^T of the site's inputs; (d_in, d_in) a site.
"""


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
