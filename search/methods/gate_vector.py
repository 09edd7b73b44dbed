"""All gates of a cohort's wires as one array, so that a policy can rank and set them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from evaluators.training.cohort import Cohort
from spaces.allocation import Allocation
from spaces.scaling import Scaling
from spaces.site import Site

__all__ = ["GateVector"]


class GateVector:
    """The gates g of all wires side by side: (C, R), R the sum of the wires' ranks.

    sites: the wires' own, in order. costs: (R,) int64, parameters of one rank there. owner: (R,) int64, the
    index into ``sites`` of each. position: (R,) int64, from 0, of each in its own wire.
    """

    def __init__(self, cohort: Cohort) -> None:
        self._cohort, self._wires = cohort, cohort.wires
        self.sites = cohort.wires.sites
        sizes = [cohort.wires.gates[site.name].shape[1] for site in self.sites]
        self._spans = list(pairwise(np.cumsum([0, *sizes]).tolist()))
        self.owner = np.repeat(np.arange(len(sizes)), sizes)
        self.position = np.concatenate([np.arange(size) for size in sizes]) if sizes else np.zeros(0, int)
        self.costs = np.array([site.cost_per_rank for site in self.sites], dtype=np.int64)[self.owner]

    @staticmethod
    def shapes(sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Shapes of gates that are trained, ``layers.3.q.g`` (r,), as ``GatePolicy.shapes`` gives them."""
        return {f"{site.name}.g": (rank,) for site in sites if (rank := ranks.get(site.name, 0))}

    def of_sites(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """One tensor per site, (C, r), side by side: (C, R)."""
        return torch.cat([tensors[site.name] for site in self.sites], dim=1)

    def loaded(self) -> Tensor:
        """Which gates the candidates have, right after they were loaded: (C, R) bool; padding is False."""
        return self.of_sites(self._wires.gates) != 0

    @property
    def trained(self) -> Tensor:
        """The gates that learn, with their graph: (C, R); for policies with ``shapes`` as above."""
        leaf = self._cohort.stacked.leaf
        return torch.cat([leaf[f"{site.name}.g"] for site in self.sites], dim=1)

    @torch.no_grad()
    def write(self, slot: int, values: Tensor) -> None:
        """Overwrites a slot's gates that learn. values: (R,)."""
        for site, (start, stop) in zip(self.sites, self._spans, strict=True):
            self._cohort.stacked.slot(f"{site.name}.g", slot).copy_(values[start:stop])

    def renew(self, slot: int) -> None:
        """Has a slot's gates that learn go on as if no step had been taken yet: steps in which they rested
        have used AdamW's correction of its first steps up."""
        stacked, own = self._cohort.stacked, {f"{site.name}.g" for site in self.sites}
        parts = [torch.full((leaf[0].numel(),), name in own) for name, leaf in stacked.leaf.items()]
        mark = torch.zeros(stacked.values.shape, dtype=torch.bool, device=stacked.values.device)
        mark[slot] = torch.cat(parts).to(mark)
        self._cohort.optimizer.forget(mark)

    def put(self, gates: Tensor) -> None:
        """From now on all wires compute with these gates, (C, R), which may have a graph."""
        for site, (start, stop) in zip(self.sites, self._spans, strict=True):
            self._wires.gates[site.name] = self._wires.factors[site.name][:, None] * gates[:, start:stop]

    def fix(self, slot: int, gate: Tensor) -> None:
        """Sets the gates of one slot, (R,), for good; a site all of whose gates are zero is off."""
        for site, (start, stop) in zip(self.sites, self._spans, strict=True):
            self._wires.set_gate(slot, site.name, gate[start:stop].detach())

    def first(self, ranks: np.ndarray, loaded: np.ndarray, scaling: Scaling) -> Tensor:
        """A slot's gates, (R,), that leave each site its first ``ranks`` at the scale of that rank.

        ranks, loaded: (sites,), what is left and what was loaded; no rank may be above what was loaded.
        """
        rows = zip(self.sites, ranks.tolist(), loaded.tolist(), strict=True)
        factor = scaling.factor
        scale = np.array([factor(s.kind, r) / factor(s.kind, own) if r else 0.0 for s, r, own in rows])
        gate = np.where(self.position < ranks[self.owner], scale[self.owner], 0.0)
        return torch.from_numpy(gate.astype(np.float32)).to(self._cohort.stacked.values.device)

    def settle(self, slot: int, alive: Tensor) -> None:
        """Switches off for good the sites none of whose gates, (R,) bool, are left."""
        for site, (start, stop) in zip(self.sites, self._spans, strict=True):
            if not bool(alive[start:stop].any()):
                self._wires.switch_off(slot, site.name)

    def entries(self, gates: Tensor) -> Tensor:
        """Which of ``stacked.values`` belong to these gates, (C, R) bool: (C, P) bool.

        A's rows, B's columns and gates that learn follow their gate; the head is True.
        """
        stacked, parts = (
            self._cohort.stacked,
            dict(zip((s.name for s in self.sites), self._spans, strict=True)),
        )
        marks = []
        for name, leaf in stacked.leaf.items():
            site, _, key = name.rpartition(".")
            if site in parts:
                own = gates[:, slice(*parts[site])]
                own = {"A": own[:, :, None], "B": own[:, None, :], "g": own}[key]
                marks.append(own.expand(leaf.shape).reshape(stacked.slots, -1))
            else:
                marks.append(gates.new_ones(stacked.slots, leaf[0].numel()))
        return torch.cat(marks, dim=1)

    def allocation(self, gate: np.ndarray | Tensor) -> Allocation:
        """How many gates are not zero at each site. gate: (R,)."""
        on = np.asarray(gate) != 0
        counts = np.bincount(self.owner[on], minlength=len(self.sites))
        return Allocation.of({site.name: int(n) for site, n in zip(self.sites, counts, strict=True)})
