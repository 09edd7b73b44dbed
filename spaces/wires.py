"""Low-rank wires of many candidates at once: y += scale * B diag(g) A x, with a leading slot axis C."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from .allocation import Allocation
from .hooks import Attachment, Renorm, attach
from .low_rank import add_by_slot
from .scaling import Scaling
from .seeding import named_generator
from .site import Site
from .stacked import Stacked

__all__ = ["Wires", "initial_a"]


def initial_a(site: Site, rank: int, *, seed: int) -> np.ndarray:
    """Initial A of a wire: (rank, d_in) float32, Kaiming-uniform with a = sqrt(5), as LoRA's.

    Drawn from (seed, site name) row by row: a site starts the same in every allocation that shares
    the seed, and its first r rows do not depend on the rank (common random numbers).
    """
    uniform = named_generator(seed, site.name).random((rank, site.d_in), dtype=np.float32)
    return (2 * uniform - 1) / np.float32(np.sqrt(site.d_in))


class Wires:
    """The wires of C slots, each slot holding one candidate's allocation.

    Per site, with r the largest rank of any slot there: A (C, r, d_in), g (C, r), B (C, d_out, r).
    gates: factor * g by site name, (C, r); a gate policy may put others in their place, with a graph
    where they learn. factors: of the scaling rule at the rank that was loaded, (C,); 0 where off.
    The rows of a batch belong to the slots that ``stacked`` has selected. A site that is off in every
    slot is left out and costs nothing.
    """

    def __init__(self, sites: Sequence[Site], ranks: Mapping[str, int], stacked: Stacked) -> None:
        """ranks: the largest rank of each site; ``stacked`` must hold ``Wires.shapes(sites, ranks)``."""
        self.sites = tuple(site for site in sites if ranks.get(site.name, 0) > 0)
        self.stacked = stacked
        device = stacked.values.device
        # factor * g, so that a slot's padding ranks and its off sites are simply zero
        self.gates: dict[str, Tensor] = {
            s.name: torch.zeros(stacked.slots, ranks[s.name], device=device) for s in self.sites
        }
        self.factors = {site.name: torch.zeros(stacked.slots, device=device) for site in self.sites}
        self._on = {site.name: [False] * stacked.slots for site in self.sites}
        self._scaling = [Scaling()] * stacked.slots
        self._attachment: Attachment | None = None

    @staticmethod
    def shapes(sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Shapes, without the slot axis, of the tensors that wires of these largest ranks train."""
        shapes: dict[str, tuple[int, ...]] = {}
        for site in sites:
            if rank := ranks.get(site.name, 0):
                shapes[f"{site.name}.A"] = (rank, site.d_in)
                shapes[f"{site.name}.B"] = (site.d_out, rank)
        return shapes

    def load(self, slot: int, allocation: Allocation, scaling: Scaling, *, seed: int) -> None:
        """Starts an allocation in a slot: A from the seed, B zero, g one up to each site's rank.

        Args:
            slot: from 0 to C - 1; what was there is overwritten.
            allocation: its ranks at these sites are at most those that there is room for.
            scaling: the factor of each wire, by its rank.
            seed: of A.
        """
        ranks = dict(allocation.ranks)
        for site in self.sites:
            rank = ranks.get(site.name, 0)
            a, b = self._matrices(site, slot)
            b.zero_()
            a.copy_(torch.from_numpy(initial_a(site, a.shape[0], seed=seed)))
            self.factors[site.name][slot] = scaling.factor(site.kind, rank)
            self._scaling[slot] = scaling
            self.set_gate(slot, site.name, (torch.arange(a.shape[0], device=a.device) < rank).float())

    def set_gate(self, slot: int, site: str, gate: Tensor) -> None:
        """Fixes the gate of one slot at one site. gate: (r,), without the factor."""
        fixed = self.gates[site].detach().clone()
        fixed[slot] = self.factors[site][slot] * gate
        self.gates[site] = fixed
        self._on[site][slot] = bool(gate.any())

    def switch_off(self, slot: int, site: str) -> None:
        """Takes a site out of a slot, its second layer norm too, until its gate is set again."""
        self._on[site][slot] = False

    def ranks(self, slot: int) -> Allocation:
        """How many gates of a slot are not zero, at every site."""
        return Allocation.of({s.name: int((self.gates[s.name][slot] != 0).sum()) for s in self.sites})

    def trained(self, slot: int) -> dict[str, Tensor]:
        """A (r, d_in) and B (d_out, r) of every site that is on in a slot, dead ranks cut away; copies.

        r counts the gates that are not zero. What a gate differs from the scaling rule's factor at r is
        folded into B, so that the tensors are those of a plain wire of rank r. Keys: ``layers.3.q.A``.
        """
        tensors: dict[str, Tensor] = {}
        for site in self.sites:
            gate = self.gates[site.name].detach()[slot]
            alive = gate.nonzero()[:, 0]
            if len(alive):
                a, b = self._matrices(site, slot)
                fold = gate[alive] / self._scaling[slot].factor(site.kind, len(alive))
                tensors[f"{site.name}.A"], tensors[f"{site.name}.B"] = a[alive], b[:, alive] * fold
        return tensors

    def restore(self, slot: int, tensors: Mapping[str, Tensor]) -> None:
        """Puts back what ``trained`` gave, into a slot that was loaded with the same allocation."""
        for site in self.sites:
            if f"{site.name}.A" in tensors:
                a, b = self._matrices(site, slot)
                trained = tensors[f"{site.name}.A"]
                a[: len(trained)].copy_(trained)
                b[:, : len(trained)].copy_(tensors[f"{site.name}.B"])

    def attach(self, model: PreTrainedModel, *, renorm: Renorm = "preserve") -> Attachment:
        """Adds the wires to every forward pass of the model, until detached."""
        self._attachment = attach(model, self.sites, self._add, renorm=renorm, rows_on=self._rows_on)
        return self._attachment

    def remember(self) -> AbstractContextManager[None]:
        """A context in which the attached wires compute as they would now: the slots that are selected, the
        gates, the sources seen in the current pass."""
        assert self._attachment is not None
        on = {name: list(slots) for name, slots in self._on.items()}
        return self._as_then(dict(self.gates), on, self.stacked.selected, self._attachment.remember())

    @contextmanager
    def _as_then(
        self,
        gates: dict[str, Tensor],
        on: dict[str, list[bool]],
        selected: tuple[int, ...],
        sources: AbstractContextManager[None],
    ) -> Iterator[None]:
        now = self.gates, self._on, self.stacked.selected
        self.gates, self._on = gates, on
        self.stacked.select(selected)
        try:
            with sources:
                yield
        finally:
            self.gates, self._on = now[:2]
            self.stacked.select(now[2])

    def _matrices(self, site: Site, slot: int) -> tuple[Tensor, Tensor]:
        return self.stacked.slot(f"{site.name}.A", slot), self.stacked.slot(f"{site.name}.B", slot)

    def _add(self, sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        of_selected, leaf = self.stacked.of_selected, self.stacked.leaf
        for site, source in zip(sites, sources, strict=True):
            if not any(self._on[site.name][slot] for slot in self.stacked.selected):
                continue
            a, b = (of_selected(leaf[f"{site.name}.{factor}"]) for factor in "AB")
            add_by_slot(target, source, site, a=a, b=b, gate=of_selected(self.gates[site.name]))
        return target

    def _rows_on(self, sites: Sequence[Site], rows: int) -> Tensor | None:
        on = [any(self._on[site.name][slot] for site in sites) for slot in self.stacked.selected]
        if all(on):
            return None
        return torch.tensor(on, device=self.stacked.values.device).repeat_interleave(rows // len(on))
