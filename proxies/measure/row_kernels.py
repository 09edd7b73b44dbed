"""How alike rows are to a site: inner products of their gradients by its B."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.double_precision import in_double
from spaces.hooks import Renorm
from spaces.objective import Batch, Objective
from spaces.site import Site

from .each_row import each_row
from .row_features import first_rows
from .sketch import normal_matrix

__all__ = ["RowKernels", "row_kernels"]

_ROWS: Final = 256
_WIDTH: Final = 64  # numbers for each row of A that stand for the d_out of a gradient


@dataclass(frozen=True, slots=True, eq=False)
class RowKernels:
    """Of the first rows, in order. losses: (rows,) float64, each row's own. of_sites: (sites, rows, rows)
    float32, the mean over A's rows of g_i g_j, with g the gradient by B of a row's own loss."""

    losses: np.ndarray
    of_sites: np.ndarray


def row_kernels(
    model: PreTrainedModel,
    objective: Objective,
    sites: Sequence[Site],
    batches: Sequence[Batch],
    initial_a: Mapping[str, Tensor],
    *,
    seed: int,
    rows: int = _ROWS,
    width: int = _WIDTH,
    renorm: Renorm = "preserve",
) -> RowKernels:
    """Measured in one forward and backward of the first ``rows`` rows; the wires' factors are left out.

    A row's gradient is sum over tokens of delta (A x)^T, (d_out, r). Where d_out is above ``width``, delta is
    multiplied by a (d_out, width) matrix of independent normals of variance 1 / width, which keeps inner
    products in the mean (Johnson and Lindenstrauss), so that a site takes rows * width * r numbers.

    Args:
        model, objective, sites, renorm: as ``each_row`` has them.
        batches: from whose beginning rows are taken.
        initial_a: the wires' A, site name -> (r, d_in).
        seed: of the sketches.
        rows: how many, at most.
        width: of a sketch.
    """
    gradients = _Gradients(initial_a, seed, width)
    first = list(first_rows(batches, rows))
    losses = each_row(model, objective, sites, first, gradients.see, renorm=renorm)
    kernels = [gradients.kernel(site) for site in sites]
    return RowKernels(in_double(losses).cpu().numpy(), np.stack(kernels))


class _Gradients:
    """By B, of the rows seen so far."""

    def __init__(self, initial_a: Mapping[str, Tensor], seed: int, width: int) -> None:
        self._a, self._seed, self._width = initial_a, seed, width
        self._sketches: dict[int, Tensor] = {}
        self._of_sites: dict[str, dict[int, Tensor]] = {name: {} for name in initial_a}

    def see(self, batch: int, site: Site, x: Tensor, delta: Tensor) -> None:
        if site.d_out > self._width:
            delta = delta @ self._sketch(site.d_out).to(delta)
        inner = x @ self._a[site.name].to(x).T
        shown = torch.einsum("nto,ntr->nor", delta, inner).flatten(1)
        so_far = self._of_sites[site.name]
        so_far[batch] = so_far[batch] + shown if batch in so_far else shown

    def kernel(self, site: Site) -> np.ndarray:
        """(rows, rows); lets go of the site's gradients."""
        of_batches = self._of_sites.pop(site.name)
        g = torch.cat([of_batches[number] for number in sorted(of_batches)])
        return np.asarray((g @ g.T / len(self._a[site.name])).cpu().numpy())

    def _sketch(self, d_out: int) -> Tensor:
        if d_out not in self._sketches:
            drawn = normal_matrix(d_out, self._width, seed=self._seed, name="rows")
            self._sketches[d_out] = drawn / self._width**0.5
        return self._sketches[d_out]
