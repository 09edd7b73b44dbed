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
from .memory import give_back_unused
from .sparing import MicroBatches

__all__ = ["train_step"]


def train_step(
    cohort: Cohort,
    steps: Sequence[Step],
    rows: Rows,
    indices: Sequence[np.ndarray],
    hooks: GateHooks,
    *,
    micro_batches: MicroBatches | None = None,
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
        micro_batches: into which parts the batches are divided; None: they are not.
        recompute: whether the model's blocks are computed again in the backward pass (``Cohort.recomputed``).
    """
    slots = [step.slot for step in steps]
    micro_batches = micro_batches or MicroBatches(max(map(len, indices)))
    cohort.stacked.select(slots)
    hooks.before(steps)
    while True:
        try:
            with cohort.recomputed() if recompute else nullcontext():
                losses, gradient = _gradient(cohort, steps, rows, indices, hooks, micro_batches)
            break
        except (RuntimeError, MemoryError) as error:
            if not micro_batches.shrink(error, max(map(len, indices))):
                raise
        give_back_unused(cohort.model.device)
    active = hooks.trains(steps)
    if active is not None:
        gradient.mul_(active)
    clip_per_slot(gradient, cohort.recipe.max_grad_norm)
    hooks.observe(steps, gradient)
    rates = torch.zeros(cohort.stacked.slots, 1)
    rates[slots, 0] = torch.tensor([step.learning_rate for step in steps])
    cohort.optimizer.step(gradient, rates, active=active)
    hooks.after(steps)
    return losses, active


def _gradient(
    cohort: Cohort,
    steps: Sequence[Step],
    rows: Rows,
    indices: Sequence[np.ndarray],
    hooks: GateHooks,
    micro_batches: MicroBatches,
) -> tuple[Tensor, Tensor]:
    """The slots' losses, (slots,), and the gradient of their sum and the policy's penalty, (C, P).

    The policy is asked for its penalty behind the last part's forward pass, and what it asks for again is the
    whole.
    """
    slots, around = [step.slot for step in steps], hooks.around or directly
    *before, last = micro_batches.parts(indices)
    among = cohort.targets(rows, indices) if before else None

    def again() -> Tensor:
        return cohort.losses(slots, rows, indices, around=around)

    def of_part(part: Sequence[np.ndarray], *, is_last: bool) -> tuple[Tensor, Tensor]:
        """Whose graph is gone before the next part's begins."""
        losses = cohort.losses(slots, rows, part, among=among, around=around)
        penalty = hooks.penalty(steps, again) if is_last else None
        total = losses.sum() if penalty is None else losses.sum() + penalty
        return losses.detach(), cohort.stacked.gradient(total, retain=not is_last)

    found: tuple[Tensor, Tensor] | None = None
    for part in (*before, last):
        losses, gradient = of_part(part, is_last=part is last)
        found = (losses, gradient) if found is None else (found[0] + losses, found[1].add_(gradient))
    assert found is not None
    return found
