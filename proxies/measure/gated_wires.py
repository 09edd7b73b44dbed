"""Trained wires under many gate settings at once: y += gate * factor * B A x."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from spaces.hooks import Visit
from spaces.site import Site

__all__ = ["TrainedWire", "all_on", "gated"]


@dataclass(frozen=True, slots=True, eq=False)
class TrainedWire:
    """The update factor * B A of one site. a: (r, d_in), b: (d_out, r), float32, without gradient."""

    a: Tensor
    b: Tensor
    factor: float

    def gradients(self, g: Tensor) -> tuple[Tensor, Tensor]:
        """dL/dA = factor * B^T G and dL/dB = factor * G A^T, from G = dL/d(factor * B A): (d_out, d_in)."""
        return self.factor * self.b.T @ g, self.factor * g @ self.a.T

    def saliency(self, g: Tensor) -> float:
        """Sum of |A * dL/dA| + |B * dL/dB| over all entries, with G as in ``gradients``."""
        of_a, of_b = self.gradients(g)
        return float((self.a * of_a).abs().sum() + (self.b * of_b).abs().sum())

    def first_order(self, g: Tensor) -> float:
        """<G, factor * B A>: what the update adds to the loss at first order, with G as in ``gradients``."""
        return float((self.a * self.gradients(g)[0]).sum())

    def cut(self, rank: int, factor: float) -> TrainedWire:
        """The first ``rank`` rows of A and columns of B, with another factor."""
        return TrainedWire(self.a[:rank], self.b[:, :rank], factor)

    def absolute(self) -> TrainedWire:
        """|A| and |B|, with the same factor."""
        return TrainedWire(self.a.abs(), self.b.abs(), self.factor)


def gated(wires: Mapping[str, TrainedWire], gates: Mapping[str, Tensor]) -> Visit:
    """What ``spaces.hooks.attach`` needs in order to add every site's wire under each gate setting.

    wires and gates: by site name; a gate is (settings,), and all sites share A and B between settings
    (DESIGN, section 5). The rows of a batch are settings-major: row i of n is of the setting
    i // (n / settings).
    """

    def add(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        for site, source in zip(sites, sources, strict=True):
            wire, gate = wires[site.name], gates[site.name]
            x = source.reshape(-1, site.d_in)
            inner = (x @ wire.a.to(x.dtype).T).view(len(gate), -1, wire.a.shape[0])
            inner = (inner * (wire.factor * gate).to(x.dtype)[:, None, None]).flatten(0, 1)
            part = target if site.target.part is None else target[..., slice(*site.target.part)]
            part.view(-1, site.d_out).addmm_(inner, wire.b.to(x.dtype).T)
        return target

    return add


def all_on(sites: Sequence[Site], device: torch.device) -> dict[str, Tensor]:
    """The one setting in which every site's gate is 1."""
    return {site.name: torch.ones(1, device=device) for site in sites}
