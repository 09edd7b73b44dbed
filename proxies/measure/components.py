"""The rank-one components of trained wires, and how much each row's loss leans on each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spaces.double_precision import in_double
from spaces.site import Site

from .gated_wires import TrainedWire

__all__ = ["Components", "GateGradients", "singular"]


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Of all sites of a space, those of a site together, the largest first.

    site: (components,), the index of each one's site. size: (components,), the singular value of
    factor * B A. gradients: (rows, components) float64, dL_i/dg at g = 1 of each row's own loss, with g the
    gate that the component is multiplied by.
    """

    site: np.ndarray
    size: np.ndarray
    gradients: np.ndarray

    @classmethod
    def of_sites(
        cls, sites: Sequence[Site], wires: Mapping[str, TrainedWire], gates: GateGradients
    ) -> Components:
        """wires: as ``singular`` gives them, by site name. gates: that have seen them."""
        sizes = [_sizes(wires[site.name]) for site in sites]
        owner = np.repeat(np.arange(len(sites)), [len(one) for one in sizes])
        gradients = np.concatenate([gates.of(site) for site in sites], axis=1)
        return cls(owner, np.concatenate(sizes), gradients)

    def by_rank(self, worths: np.ndarray, ranks: Sequence[int]) -> np.ndarray:
        """What a site's best r components are worth together, (sites, ranks); of all that it has where r is
        above that. worths: (components,)."""
        found = []
        for site in range(int(self.site[-1]) + 1):
            best_first = np.sort(worths[self.site == site])[::-1]
            sums = np.concatenate([[0.0], np.cumsum(best_first)])
            found.append(sums[np.minimum(ranks, len(best_first))])
        return np.array(found)


def singular(wire: TrainedWire) -> TrainedWire:
    """The same update, up to rounding, with orthogonal rows of A and columns of B, the largest first; the
    singular values' roots stand in both."""
    left, inner_left = torch.linalg.qr(in_double(wire.b))
    right, inner_right = torch.linalg.qr(in_double(wire.a).T)
    u, sizes, v = torch.linalg.svd(inner_left @ inner_right.T)
    roots = sizes.sqrt()
    a, b = roots[:, None] * (v @ right.T), (left @ u) * roots
    return TrainedWire(a.to(wire.a), b.to(wire.b), wire.factor)


class GateGradients:
    """dL_i/dg = factor * sum over tokens of (delta b_k) (a_k x), as ``each_row`` shows sites."""

    def __init__(self, wires: Mapping[str, TrainedWire]) -> None:
        """wires: by site name."""
        self._wires = wires
        self._of_sites: dict[str, dict[int, Tensor]] = {name: {} for name in wires}

    def see(self, batch: int, site: Site, x: Tensor, delta: Tensor) -> None:
        wire, so_far = self._wires[site.name], self._of_sites[site.name]
        shown = wire.factor * ((delta @ wire.b) * (x @ wire.a.T)).sum(1)
        so_far[batch] = so_far[batch] + shown if batch in so_far else shown

    def of(self, site: Site) -> np.ndarray:
        """(rows, components of the site) float64."""
        of_batches = self._of_sites[site.name]
        together = torch.cat([of_batches[number] for number in sorted(of_batches)])
        return np.asarray(in_double(together).cpu().numpy())


def _sizes(wire: TrainedWire) -> np.ndarray:
    norms = in_double(wire.a).norm(dim=1) * in_double(wire.b).norm(dim=0)
    return np.asarray((wire.factor * norms).cpu().numpy())
