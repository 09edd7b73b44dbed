"""Gradients by the factors of trained wires, without the gradient by their whole update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from spaces.objective import Batch
from spaces.site import Site

from .gated_wires import TrainedWire, WireGradient
from .need import Taken

__all__ = ["WireGradients"]


class WireGradients:
    """dL/dA = factor * (delta B)^T x and dL/dB = factor * delta^T (x A^T) of every site, over all batches.

    The wires need not be on: then these are <G, .> through them, G around whatever is.
    """

    def __init__(self, wires: Mapping[str, TrainedWire], sites: Sequence[Site]) -> None:
        """wires: by site name."""
        self._wires = wires
        self.of_site = {
            site.name: WireGradient(
                *(torch.zeros_like(one) for one in (wires[site.name].a, wires[site.name].b))
            )
            for site in sites
        }

    def keep(self, site: Site, source: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        x = source.detach()
        return x, x.reshape(-1, site.d_in).float() @ self._wires[site.name].a.T

    def see(self, site: Site, kept: tuple[Tensor, Tensor], delta: Tensor) -> None:
        (source, inner), wire, (of_a, of_b) = kept, self._wires[site.name], self.of_site[site.name]
        of_a.addmm_((delta @ wire.b).T, source.reshape(-1, site.d_in).float(), alpha=wire.factor)
        of_b.addmm_(delta.T, inner, alpha=wire.factor)

    def end_batch(self, count: int) -> None:
        """Nothing more."""

    def taken(self, site: Site) -> Mapping[Taken, Tensor]:
        """Nothing that a need could ask for."""
        return {}
