"""What a slot's loss would be without some of its ranks: many settings of its gates at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
import torch
from torch import Tensor

from evaluators.data.rows import Rows
from evaluators.training.cohort import Cohort
from spaces.hooks import Visit, attach
from spaces.site import Site

__all__ = ["rank_losses"]

_TOKENS_AT_ONCE_ON_CPU: Final = 4096
_TOKENS_AT_ONCE_ELSEWHERE: Final = 65536
_PARTS: Final = 4  # of the rows


@torch.no_grad()
def rank_losses(cohort: Cohort, slot: int, settings: Tensor, rows: Rows, indices: np.ndarray) -> np.ndarray:
    """A slot's mean loss over the rows at ``indices``, under each setting of its gates: (S,), float64.

    settings: (S, R), factors on the gates that the slot has now, in the order of ``GateVector``: one leaves
    a rank as it is, zero takes it away. All settings share A, B and the head (DESIGN, section 5); as many
    are computed together as fit in memory. The wires and the head must be attached, and the gates fixed.
    """
    wires = cohort.wires
    widths = [wires.gates[site.name].shape[1] for site in wires.sites]
    gates = {
        site.name: wires.gates[site.name].detach()[slot] * part
        for site, part in zip(wires.sites, settings.float().split(widths, dim=1), strict=True)
    }
    on_cpu = cohort.stacked.values.device.type == "cpu"
    at_once = _TOKENS_AT_ONCE_ON_CPU if on_cpu else _TOKENS_AT_ONCE_ELSEWHERE
    lengths = np.array([len(rows.input_ids[i]) for i in indices])
    parts = np.array_split(indices[np.argsort(lengths, kind="stable")], min(_PARTS, len(indices)))
    total = np.zeros(len(settings))
    with _silent(cohort, slot):
        for part in parts:  # by length, so that short rows are not padded to the longest
            size = max(1, at_once // (len(part) * max(len(rows.input_ids[i]) for i in part)))
            losses = []
            for start in range(0, len(settings), size):
                chunk = {name: gate[start : start + size] for name, gate in gates.items()}
                losses.append(_losses(cohort, slot, chunk, len(settings[start : start + size]), rows, part))
            total += len(part) / len(indices) * torch.cat(losses).double().cpu().numpy()
    return total


def _losses(
    cohort: Cohort, slot: int, gates: Mapping[str, Tensor], settings: int, rows: Rows, indices: np.ndarray
) -> Tensor:
    """Of one chunk: (settings,). The slot is selected once for each, so that rows are settings-major."""

    def rows_on(sites: Sequence[Site], count: int) -> Tensor | None:
        on = torch.stack([gates[site.name].any(1) for site in sites]).any(0)
        return None if bool(on.all()) else on.repeat_interleave(count // settings)

    sites = [site for site in cohort.wires.sites if gates[site.name].any()]
    renorm = cohort.recipe.renorm
    with attach(cohort.model, sites, _gated(cohort, slot, gates), renorm=renorm, rows_on=rows_on):
        return cohort.losses([slot] * settings, rows, [indices] * settings)


def _gated(cohort: Cohort, slot: int, gates: Mapping[str, Tensor]) -> Visit:
    """Adds a slot's wires, under a gate (settings, r) per site."""

    def add(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        for site, source in zip(sites, sources, strict=True):
            a, b = (cohort.stacked.slot(f"{site.name}.{key}", slot).to(source.dtype) for key in "AB")
            gate = gates[site.name].to(source.dtype)
            inner = source.reshape(len(gate), -1, site.d_in) @ a.T * gate[:, None, :]
            part = target if site.target.part is None else target[..., slice(*site.target.part)]
            part.view(-1, site.d_out).addmm_(inner.flatten(0, 1), b.T)
        return target

    return add


@contextmanager
def _silent(cohort: Cohort, slot: int) -> Iterator[None]:
    """Within the block the slot's own wires are off; afterwards its gates and the selection are as before."""
    wires, gates, selected = cohort.wires, dict(cohort.wires.gates), cohort.stacked.selected
    for name, gate in gates.items():
        wires.set_gate(slot, name, torch.zeros_like(gate[slot]))
    try:
        yield
    finally:
        for name, gate in gates.items():
            wires.set_gate(slot, name, gate.detach()[slot] != 0)  # whether the site is on
            wires.gates[name] = gate  # and the gate itself, to the last bit
        cohort.stacked.select(selected)
