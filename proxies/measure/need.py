"""What a proxy needs of every site: what is taken of it in a pass, and what is made of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from torch import Tensor
from transformers import PreTrainedModel

from spaces.site import Site

from .site_weight import weight_times

__all__ = ["SKETCH", "Need", "Seen", "Taken"]

Taken = Literal[
    "gradient",
    "deviations",
    "second_moments",
    "of_b",
    "deviations_of_b",
    "absolute_of_b",
    "right_sketch",
    "left_sketch",
    "left_vectors",
]
"""Sums over the batches, float32, with L the mean loss of a batch's targets.

Entry by entry, as large as the weight itself:

* ``gradient``: G = dL/d(Delta W), (d_out, d_in).
* ``deviations``: of each batch's G from their mean, squared; with a second G during the pass.
* ``second_moments``: x x^T over the tokens of the site's inputs, (d_in, d_in).

Through the initial A, without ever forming G: dL/dB = factor * delta^T (x A^T), (d_out, r).

* ``of_b``: dL/dB. ``deviations_of_b``: as above, of dL/dB. ``absolute_of_b``: |dL/dB|.

Linear sketches of G, which is not formed either (``sketch.py``):

* ``right_sketch``: G Omega, (d_out, k). ``left_sketch``: Psi G, (l, d_in). ``left_vectors``: Psi, (l, d_out).
"""

SKETCH: Final[frozenset[Taken]] = frozenset({"right_sketch", "left_sketch", "left_vectors"})
"""All that a sketch consists of."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was taken of one site.

    model: its weights, as they are. batches: how many there were. ranks: of the grid. initial_rank: at which
    proxies at ``init`` look, the first columns of what is of B. tensors: see ``Taken``.
    """

    site: Site
    model: PreTrainedModel
    batches: int
    ranks: tuple[int, ...]
    initial_rank: int
    tensors: Mapping[Taken, Tensor]

    @property
    def gradient(self) -> Tensor:
        """G: (d_out, d_in)."""
        return self.tensors["gradient"]

    def of_b(self, name: Taken) -> Tensor:
        """One of what was taken of dL/dB, at ``initial_rank``: (d_out, r)."""
        return self.tensors[name][:, : self.initial_rank]

    def weight_times(self, gradient: Tensor) -> Tensor:
        """W0 * G elementwise (``site_weight.weight_times``)."""
        return weight_times(self.model, self.site, gradient)


@dataclass(frozen=True, slots=True)
class Need:
    """A number, or several, of every site.

    name: by which it is known; no two have the same. takes: of every batch. of: makes the numbers of what was
    taken, which is let go of where memory is short. every_rank: whether it looks at dL/dB up to the grid's
    largest rank, not at ``init``'s alone. sketched: the same from a sketch, where G does not fit; None where
    there is no other way than entry by entry, for some sites at a time.
    """

    name: str
    takes: frozenset[Taken]
    of: Callable[[Seen], float | np.ndarray]
    every_rank: bool = False
    sketched: Need | None = None

    @property
    def entrywise(self) -> bool:
        """Whether nothing but tensors as large as the weights will do."""
        return self.sketched is None and not self.takes.isdisjoint(
            {"gradient", "deviations", "second_moments"}
        )
