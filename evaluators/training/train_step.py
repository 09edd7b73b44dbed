"""One step of several candidates, each on its own rows."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor

from evaluators.data.rows import Rows
from spaces.objective import directly

from .adamw import clip_per_slot
from .cohort import Cohort
from .gate_policy import GateHooks, Step

__all__ = ["train_step"]


def train_step(
    cohort: Cohort,
    steps: Sequence[Step],
    rows: Rows,
    indices: Sequence[np.ndarray],
    hooks: GateHooks,
    *,
    recompute: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """One optimizer step of these slots on their own rows; their mean losses before it, (slots,).

    Second, where it trained: (C, P) bool, None for everywhere.

    Args:
        cohort: with its wires and head attached.
        steps: one of each slot that takes part.
        rows: those to train on.
        indices: of each of these slots' own batch, in their order.
        hooks: what the gate policy does meanwhile.
        recompute: whether the model's blocks are computed again in the backward pass (``Cohort.recomputed``).
    """
    slots = [step.slot for step in steps]
    cohort.stacked.select(slots)
    hooks.before(steps)
    around = hooks.around or directly

    def now() -> Tensor:
        return cohort.losses(slots, rows, indices, around=around)

    with cohort.recomputed() if recompute else nullcontext():
        losses = now()
        penalty = hooks.penalty(steps, now)
        gradient = cohort.stacked.gradient(losses.sum() if penalty is None else losses.sum() + penalty)
    active = hooks.trains(steps)
    if active is not None:
        gradient.mul_(active)
    clip_per_slot(gradient, cohort.recipe.max_grad_norm)
    hooks.observe(steps, gradient)
    rates = torch.zeros(cohort.stacked.slots, 1)
    rates[slots, 0] = torch.tensor([step.learning_rate for step in steps])
    cohort.optimizer.step(gradient, rates, active=active)
    hooks.after(steps)
    return losses.detach(), active
