"""Wires of one allocation with random weights, and what a model gives."""

from __future__ import annotations

import torch
from torch import Tensor

from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from spaces.stacked import Stacked
from spaces.wires import Wires


def wires_of(model, space, ranks, *, slots=1, randomise_b=True):
    """Wires of one allocation (the same in every slot, seed = slot), with B drawn at random."""
    sites = find_sites(model, space)
    allocation = Allocation.of({site.name: ranks.get(site.role, 0) for site in sites})
    largest = {site.name: allocation.rank(site.name) for site in sites}
    stacked = Stacked(Wires.shapes(sites, largest), slots, device="cpu")
    wires = Wires(sites, largest, stacked)
    generator = torch.Generator().manual_seed(0)
    for slot in range(slots):
        wires.load(slot, allocation, Scaling(), seed=slot)
        if randomise_b:
            for site in wires.sites:
                b = stacked.slot(f"{site.name}.B", slot)
                b.copy_(torch.randn(b.shape, generator=generator) * 0.1)
    return wires


def logits_of(model, batch) -> Tensor:
    return model(**batch).logits


SHORTCUTS = {"res1": 2, "res2": 3, "cut": 2, "in": 4}
