"""What a slot's loss would be without some of its ranks: many settings of its gates at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import numpy as np
import torch
from torch import Tensor

from evaluators.data.rows import Rows
from evaluators.training.cohort import Cohort
from proxies.measure.gated_wires import TrainedWire, attach_settings, settings_at_once
from spaces.double_precision import in_double
from spaces.objective import Losses

__all__ = ["rank_losses"]

_PARTS: Final = 4  # of the rows


@torch.no_grad()
def rank_losses(cohort: Cohort, slot: int, settings: Tensor, rows: Rows, indices: np.ndarray) -> np.ndarray:
    """A slot's mean loss over all targets of the rows at ``indices``, under each setting of its gates: (S,)
    float64.

    All settings share A, B and the head (DESIGN, section 5); as many are computed together as fit in memory.
    The wires and the head must be attached, and the gates fixed.

    Args:
        cohort: it is left as it was.
        slot: of the cohort.
        settings: (S, R), factors on the gates that the slot has now, in the order of ``GateVector``: one
            leaves a rank as it is, zero takes it away.
        rows: of which some are looked at.
        indices: which, (rows looked at,).
    """
    wires = cohort.wires
    widths = [wires.gates[site.name].shape[1] for site in wires.sites]
    gates = {
        site.name: wires.gates[site.name].detach()[slot] * part
        for site, part in zip(wires.sites, settings.float().split(widths, dim=1), strict=True)
    }
    device = cohort.stacked.values.device
    lengths = np.array([len(rows.input_ids[i]) for i in indices])
    parts = np.array_split(indices[np.argsort(lengths, kind="stable")], min(_PARTS, len(indices)))
    sums, targets = np.zeros(len(settings)), np.zeros(len(settings))
    with _silent(cohort, slot):
        for part in parts:  # by length, so that short rows are not padded to the longest
            size = settings_at_once(len(part) * max(len(rows.input_ids[i]) for i in part), device)
            for start in range(0, len(settings), size):
                chosen = slice(start, start + size)
                chunk = {name: gate[chosen] for name, gate in gates.items()}
                found = _totals(cohort, slot, chunk, len(settings[chosen]), rows, part)
                sums[chosen] += in_double(found.sums).cpu().numpy()
                targets[chosen] += in_double(found.counts).cpu().numpy()
    return sums / np.maximum(targets, 1)


def _totals(
    cohort: Cohort, slot: int, gates: Mapping[str, Tensor], settings: int, rows: Rows, indices: np.ndarray
) -> Losses:
    """Of one chunk: (settings,) each. The slot is selected once for each, so that rows are settings-major."""
    wires = {}
    for site in cohort.wires.sites:
        a, b = (cohort.stacked.slot(f"{site.name}.{key}", slot) for key in "AB")
        wires[site.name] = TrainedWire(a, b, factor=1.0)  # which the gates hold
    with attach_settings(cohort.model, cohort.wires.sites, wires, gates, renorm=cohort.recipe.renorm):
        return cohort.totals([slot] * settings, rows, [indices] * settings)


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
