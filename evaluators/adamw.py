"""AdamW over stacked candidates: each slot with its own step count and learning rate."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["StackedAdamW", "clip_per_slot", "linear_schedule"]


class StackedAdamW:
    """Decoupled weight decay Adam (arXiv:1711.05101, algorithm 2), elementwise as torch.optim.AdamW.

    values: (C, P), stepped in place; a slot's state starts at ``reset``. An entry that rests keeps its own
    count of steps, as a parameter without gradient does in torch, so that its first steps are corrected for
    bias whenever they come.
    """

    def __init__(
        self,
        values: Tensor,
        *,
        weight_decay: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        self.values, self.weight_decay, self.betas, self.eps = values, weight_decay, betas, eps
        self.mean, self.square = torch.zeros_like(values), torch.zeros_like(values)
        self.steps = torch.zeros(
            values.shape[0], 1, dtype=torch.float64
        )  # on the CPU, as 1 - 0.999**t needs it
        self._rested: Tensor | None = (
            None  # (C, P), steps that each entry was not part of; None: no entry yet
        )

    def reset(self, slot: int) -> None:
        """Forgets a slot's moments and step counts, for its next candidate."""
        for state in (self.mean, self.square, self.steps):
            state[slot].zero_()
        if self._rested is not None:
            self._rested[slot].zero_()

    def forget(self, entries: Tensor) -> None:
        """Makes entries, (C, P) bool, start as if they had never been stepped."""
        self.mean[entries], self.square[entries] = 0.0, 0.0
        rested = torch.zeros_like(self.values) if self._rested is None else self._rested
        self._rested = torch.where(entries, self.steps.to(rested), rested)

    @torch.no_grad()
    def step(self, grads: Tensor, learning_rates: Tensor, *, active: Tensor | None = None) -> None:
        """One step. grads: (C, P), overwritten; learning_rates: (C, 1), on the CPU.

        active: (C, P) bool; where it is False neither value nor moments change and nothing decays.
        None means everywhere.
        """
        state = (self.values, self.mean, self.square)
        before = None if active is None else [tensor.clone() for tensor in state]
        beta1, beta2 = self.betas
        self.steps += 1
        if active is not None:
            rested = torch.zeros_like(self.values) if self._rested is None else self._rested
            self._rested = rested.add_(~active)
        rates = learning_rates.double()
        first, second = self._corrections()
        self.values.mul_((1 - rates * self.weight_decay).to(self.values))
        self.mean.lerp_(grads, 1 - beta1)
        self.square.mul_(beta2).addcmul_(grads, grads, value=1 - beta2)
        denominator = torch.sqrt(self.square, out=grads).div_(second.sqrt()).add_(self.eps)
        size = rates.to(self.values) / first
        self.values.sub_(torch.div(self.mean, denominator, out=denominator).mul_(size))
        if active is not None and before is not None:
            for tensor, old in zip(state, before, strict=True):
                tensor.copy_(torch.where(active, tensor, old))

    def _corrections(self) -> tuple[Tensor, Tensor]:
        """1 - beta**t of both moments, t the steps of each slot, (C, 1), or of each entry, (C, P)."""
        if self._rested is None:
            first, second = (1 - beta**self.steps for beta in self.betas)
        else:
            taken = (self.steps.to(self._rested) - self._rested).clamp_(min=1)  # 0 of what has only rested
            first, second = (-torch.expm1(taken * math.log(beta)) for beta in self.betas)
        return first.to(self.values), second.to(self.values)


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
