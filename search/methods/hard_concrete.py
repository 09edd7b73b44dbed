"""Hard-concrete gates that learn which of them stay, under a Lagrangian that brings them to a budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Candidate, History
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import Step
from spaces.double_precision import in_double
from spaces.errors import UsageError
from spaces.seeding import named_generator

from .gate_vector import GateVector
from .top_within import top_within

__all__ = ["HardConcreteGates", "Lagrangian", "Phase", "deterministic", "open_probability", "sample"]

# as in arXiv:1712.01312, section 4
TAU: Final = 2 / 3  # temperature: the lower, the nearer to 0 and 1 gates are
GAMMA: Final = -0.1  # to ZETA: the interval that is clamped to [0, 1]
ZETA: Final = 1.1
_INITIAL: Final = 2.0  # log theta: gates of 0.96, open with probability 0.97, which the loss still reaches
_RAMP: Final = 0.75  # of the phase
_STIFFNESS: Final = 300.0  # lambda2 at first
_LEAST: Final = 0.1  # of a gate that is kept: at 0 it would neither act nor learn


def sample(log_theta: Tensor, u: Tensor) -> Tensor:
    """Gates g in [0, 1], elementwise (SaLoRA, eq. 7).

    Args:
        log_theta: how likely a gate is to be open; learned.
        u: noise, uniform in (0, 1), of the same shape.
    """
    s = torch.sigmoid((torch.logit(u) + log_theta) / TAU)
    return (s * (ZETA - GAMMA) + GAMMA).clamp(0, 1)


def open_probability(log_theta: Tensor) -> Tensor:
    """P(g > 0) of what ``sample`` draws, elementwise; their sum is the expected L0 norm (SaLoRA, eq. 8)."""
    return torch.sigmoid(log_theta - TAU * math.log(-GAMMA / ZETA))


def deterministic(log_theta: Tensor) -> Tensor:
    """The gates without noise (arXiv:1712.01312, eq. 13)."""
    return (torch.sigmoid(log_theta) * (ZETA - GAMMA) + GAMMA).clamp(0, 1)


@dataclass(frozen=True, slots=True)
class Phase:
    """When gates learn, and how fast.

    begin, end: shares of the steps. gate_rate: how far log theta moves from ``begin`` to ``end`` by AdamW's
    steps of one size, whatever the learning rate and the steps. multiplier_rate: of ``Lagrangian.ascend``,
    summed from ``begin`` to ``end``.
    """

    begin: float
    end: float
    gate_rate: float
    multiplier_rate: float

    def __post_init__(self) -> None:
        if not 0 <= self.begin < self.end <= 1:
            raise UsageError(f"begin={self.begin} and end={self.end} must ascend in [0, 1].")
        if self.gate_rate <= 0 or self.multiplier_rate <= 0:
            raise UsageError(
                f"gate_rate={self.gate_rate} and multiplier_rate={self.multiplier_rate} must be above 0."
            )

    def steps(self, total: int) -> range:
        """The numbers of the steps in which gates learn, at least one of ``total``."""
        first = min(round(self.begin * total), total - 1)
        return range(first, max(first + 1, round(self.end * total)))

    def target(self, number: int, total: int, density: float) -> float:
        """Of the density at a step: from 1, ever slower, to ``density`` by three quarters of the phase."""
        steps = self.steps(total)
        done = min(1.0, (number + 1 - steps.start) / (_RAMP * len(steps)))
        return density + (1 - density) * (1 + math.cos(math.pi * done)) / 2


class Lagrangian:
    """lambda1 (C - b) + lambda2 (C - b)^2 with multipliers that ascend, (slots,) each, and never below 0."""

    def __init__(self, slots: int, device: torch.device) -> None:
        self.linear, self.quadratic = torch.zeros(2, slots, device=device)

    def reset(self, slot: int) -> None:
        """Its multipliers before the first step."""
        self.linear[slot], self.quadratic[slot] = 0, _STIFFNESS

    def penalty(self, excess: Tensor) -> Tensor:
        """The sum over slots. excess: C - b, (slots,)."""
        terms: Tensor = self.linear * excess + self.quadratic * excess**2
        return terms.sum()

    def ascend(self, excess: Tensor, rate: Tensor) -> None:
        """One projected ascent of each; rate: (slots,), 0 where a slot takes none."""
        self.linear = (self.linear + rate * excess).clamp(min=0)
        self.quadratic = (self.quadratic + rate * excess**2).clamp(min=0)


class HardConcreteGates:
    """The gates of one cohort, one until their phase, then drawn at every step, then fixed within the budget.

    log theta = 2 + scale * (the trained leaf), in which the gradient leaves out ``scale``: AdamW then moves
    log theta at ``scale`` times the learning rate, and the clipping of gradients sees log theta's own.
    alive: (C, R) bool, those not cut. shares: (C, R), cost of a gate over the slot's parameters at its start.
    """

    def __init__(self, phase: Phase, gates: GateVector, cohort: Cohort) -> None:
        self.phase, self.gates, self.warmup = phase, gates, cohort.recipe.warmup
        slots, device = cohort.stacked.slots, cohort.stacked.values.device
        self.alive = torch.zeros(slots, len(gates.costs), dtype=torch.bool, device=device)
        self.shares, self.fixed = (torch.zeros(self.alive.shape, device=device) for _ in range(2))
        self.scale = torch.zeros(slots, 1, device=device)
        self.lagrangian = Lagrangian(slots, device)
        self.candidates: dict[int, Candidate] = {}
        self.budgets = [0] * slots
        self.went: dict[int, History] = {}

    def start(self, slot: int, candidate: Candidate, budget: int) -> None:
        """Every gate that was loaded is one. budget: parameters at the end of the phase."""
        self.alive[slot] = self.gates.loaded()[slot]
        self.fixed[slot] = self.alive[slot].float()
        costs = in_double(self.fixed[slot]).cpu() * torch.from_numpy(self.gates.costs)
        self.shares[slot] = (costs / costs.sum()).to(self.shares)
        self.gates.write(slot, torch.zeros_like(self.fixed[slot]))
        self.scale[slot] = 0
        self.lagrangian.reset(slot)
        self.candidates[slot], self.budgets[slot], self.went[slot] = candidate, budget, ()

    @property
    def log_theta(self) -> Tensor:
        """(C, R), with its graph."""
        leaf = self.gates.trained
        return _INITIAL + leaf + (self.scale - 1) * leaf.detach()

    @property
    def density(self) -> Tensor:
        """C(Theta), expected parameters over those at the start (SaLoRA, eq. 11): (C,), with its graph."""
        return (open_probability(self.log_theta) * self.shares).sum(1)

    def now(self, steps: Sequence[Step]) -> Tensor:
        """The gates with which these steps compute: (C, R)."""
        learning = self._learning(steps)
        if not learning:
            return self.fixed
        u = np.full(self.alive.shape, 0.5, dtype=np.float32)
        drawn = torch.zeros_like(self.scale, dtype=torch.bool)
        for step in learning:
            if step.number == self.phase.steps(step.total).start:
                self.scale[step.slot] = self.phase.gate_rate / self._rates(step)
                self.gates.renew(step.slot)
            generator = named_generator(self.candidates[step.slot].seed, f"hard concrete {step.number}")
            own = self.alive[step.slot].cpu().numpy()  # so that no draw depends on the padding
            u[step.slot, own] = generator.random(int(own.sum()), dtype=np.float32)
            drawn[step.slot] = True
        gates = sample(self.log_theta, torch.from_numpy(u).to(self.fixed)) * self.alive
        return torch.where(drawn, gates, self.fixed)

    def penalty(self, steps: Sequence[Step]) -> Tensor | None:
        """The Lagrangian's, of the slots in their phase."""
        learning = self._learning(steps)
        return self.lagrangian.penalty(self._excess(learning)) if learning else None

    @torch.no_grad()
    def after(self, steps: Sequence[Step]) -> None:
        """The multipliers' ascent, and the cut after the last step of the phase."""
        learning = self._learning(steps)
        if not learning:
            return
        rate = torch.zeros(len(self.alive))
        for step in learning:
            rate[step.slot] = self.phase.multiplier_rate / len(self.phase.steps(step.total))
        self.lagrangian.ascend(self._excess(learning), rate.to(self.fixed))
        for step in learning:
            if step.number + 1 == self.phase.steps(step.total).stop:
                self._cut(step.slot, step.number + 1)

    def _cut(self, slot: int, done: int) -> None:
        """Keeps the likeliest gates that fit the budget; a slot that has diverged the trainer reports."""
        log_theta, own = self.log_theta[slot], self.alive[slot].cpu().numpy().copy()
        if not log_theta.isfinite().all():
            return
        keep, likeliest = own.copy(), log_theta.cpu().numpy()
        keep[own] = top_within(likeliest[own], self.gates.costs[own], self.budgets[slot])
        self.alive[slot] = torch.from_numpy(keep).to(self.alive.device)
        self.fixed[slot] = deterministic(log_theta).clamp(min=_LEAST) * self.alive[slot]
        self.gates.settle(slot, self.alive[slot])
        if (keep != own).any():
            self.went[slot] = ((done, self.gates.allocation(keep)),)

    def _learning(self, steps: Sequence[Step]) -> list[Step]:
        return [step for step in steps if step.number in self.phase.steps(step.total)]

    def _excess(self, learning: Sequence[Step]) -> Tensor:
        """Density over the step's target: (C,), with its graph; 0 in the other slots, without one."""
        target, learns = self.density.detach().clone(), torch.zeros(len(self.alive), device=self.alive.device)
        for step in learning:
            learns[step.slot] = 1
            costs = self.gates.costs[self.alive[step.slot].cpu().numpy()]
            final = self.budgets[step.slot] / int(costs.sum())
            target[step.slot] = self.phase.target(step.number, step.total, final)
        return (self.density - target) * learns

    def _rates(self, step: Step) -> float:
        """The sum of the learning rates of a slot's phase."""
        factors = (linear_schedule(n, step.total, warmup=self.warmup) for n in self.phase.steps(step.total))
        return self.candidates[step.slot].learning_rate * sum(factors)
