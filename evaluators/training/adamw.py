"""AdamW over stacked candidates: each slot with its own step count and learning rate."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

__all__ = ["StackedAdamW", "clip_per_slot", "linear_schedule"]

_BETAS: Final = (0.9, 0.999)  # decay of the first and of the second moment, a step
_EPS: Final = 1e-8  # added to the root of the second moment


class StackedAdamW:
    """Decoupled weight decay Adam (arXiv:1711.05101, algorithm 2), elementwise as torch.optim.AdamW.

    values: (C, P), stepped in place; a slot's state starts at ``reset``. An entry that rests keeps its own
    count of steps, as a parameter without gradient does in torch, so that its first steps are corrected for
    bias whenever they come.
    """

    def __init__(self, values: Tensor, *, weight_decay: float) -> None:
        """Starts every slot at its step 0.

        Args:
            values: (C, P), what is trained.
            weight_decay: of every entry that a step moves, times its learning rate.
        """
        self.values, self.weight_decay = values, weight_decay
        self.mean, self.square = torch.zeros_like(values), torch.zeros_like(values)
        # on the CPU, as 1 - 0.999**t needs it
        self.steps = torch.zeros(values.shape[0], 1, dtype=torch.float64)
        self._own: tuple[Tensor, ...] | None = None  # 1 - beta**t of every entry, once one has rested

    def reset(self, slot: int) -> None:
        """Forgets a slot's moments and step counts, for its next candidate."""
        for state in (self.mean, self.square, self.steps, *(self._own or ())):
            state[slot].zero_()

    def resume(self, slot: int, step: int) -> None:
        """Has a slot go on after so many steps of its own; its moments are put back by whoever kept them."""
        self.reset(slot)
        self.steps[slot] = step

    def forget(self, entries: Tensor) -> None:
        """Makes entries, (C, P) bool, start as if they had never been stepped."""
        for state in (self.mean, self.square, *self._of_entries()):
            state[entries] = 0.0

    @torch.no_grad()
    def step(self, grads: Tensor, learning_rates: Tensor, *, active: Tensor | None = None) -> None:
        """One step. grads: (C, P), overwritten; learning_rates: (C, 1), on the CPU.

        active: (C, P) bool; where it is False neither value nor moments change and nothing decays.
        None means everywhere.
        """
        weight = None if active is None else active.to(self.values)  # numbers: much faster than torch.where
        first, second = self._corrections(weight)
        beta1, beta2 = _BETAS
        self.mean.lerp_(grads, 1 - beta1 if weight is None else weight * (1 - beta1))
        squares = grads.square_()
        self.square.lerp_(squares, 1 - beta2 if weight is None else weight * (1 - beta2))
        denominator = torch.div(self.square, second, out=squares).sqrt_().add_(_EPS).mul_(first)
        update = torch.div(self.mean, denominator, out=denominator)
        update.add_(self.values, alpha=self.weight_decay).mul_(learning_rates.to(self.values))
        self.values.sub_(update if weight is None else update.mul_(weight))

    def _corrections(self, weight: Tensor | None) -> tuple[Tensor, Tensor]:
        """1 - beta**t of both moments, t the steps with this one of each slot, (C, 1), or of each entry,
        (C, P), where some rest or have rested; there at least that of one step. weight: 0 where it rests."""
        own = self._own if weight is None else self._of_entries()
        self.steps += 1
        if own is None:
            first, second = (1 - beta**self.steps for beta in _BETAS)
            return first.to(self.values), second.to(self.values)
        for correction, beta in zip(own, _BETAS, strict=True):
            more = (1 - correction).mul_(1 - beta)
            correction.add_(more if weight is None else more.mul_(weight))
        first, second = (c.clamp(min=1 - beta) for c, beta in zip(own, _BETAS, strict=True))
        return first, second

    def _of_entries(self) -> tuple[Tensor, ...]:
        """The corrections of every entry, from now on each with its own count of steps."""
        if self._own is None:
            each = ((1 - beta**self.steps).to(self.values) for beta in _BETAS)
            self._own = tuple(correction.expand_as(self.values).clone() for correction in each)
        return self._own


def clip_per_slot(grads: Tensor, max_norm: float) -> None:
    """Scales each row of grads (C, P) in place to a norm of at most ``max_norm``, as clip_grad_norm_."""
    norms = torch.linalg.vector_norm(grads, dim=1, keepdim=True)
    grads.mul_((max_norm / (norms + 1e-6)).clamp(max=1.0))


def linear_schedule(step: int, total: int, *, warmup: float) -> float:
    """Factor of the learning rate at a step, from 0: up over ``warmup`` * total steps, then down to 0."""
    rising = round(warmup * total)
    if step < rising:
        return (step + 1) / rising
    return (total - step) / max(1, total - rising)
