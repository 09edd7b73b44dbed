"""SoRA: gates that learn under an L1 penalty, until many are exactly zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from evaluators.data.task import Task
from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Candidate, History
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, NeverActedError, Step
from search.allocation.uniform import uniform_allocation
from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site

from .gate_vector import GateVector
from .top_within import top_within

__all__ = ["Sora", "soft_threshold"]


def soft_threshold(values: Tensor, threshold: Tensor) -> Tensor:
    """T_xi(x), elementwise: x moved by ``threshold`` towards zero, and zero within it (SoRA, eq. 11)."""
    return values.sign() * (values.abs() - threshold).clamp(min=0)


@dataclass(frozen=True, slots=True)
class Sora:
    r"""Gates that learn under an L1 penalty, until many are exactly zero.

    .. math:: \Delta W = \text{scale} \cdot B \operatorname{diag}(g) A, \quad
       g \leftarrow \mathcal{T}_{\eta \lambda} \left( g - \eta \, \nabla_g L \right), \quad
       \mathcal{T}_{\xi}(x) = \operatorname{sign}(x) \max(0, \lvert x \rvert - \xi)

    g starts as N(0, 1), learns with A and B, and is soft-thresholded after each step; what is zero at the end
    is cut and g folds into B.

    Source: SoRA, arXiv:2311.11696, eq. 10-12. Departures: g takes AdamW's step, not plain SGD's, before the
    threshold, and has its own learning rate eta; the paper has no budget, so after ``settle`` of the steps
    the gates of largest absolute value that fit it are kept, the rest is zero for good, and training goes on
    without threshold. Where more gates reach zero than must, the end is below the budget.

    Args:
        ratio: parameters at the start over the budget.
        strength: lambda; AdamW's steps are of size eta where all batches agree and smaller elsewhere, so this
            is the agreement below which a gate shrinks.
        schedule: lambda stays, or rises linearly from 0 to twice ``strength``.
        settle: share of the steps after which the gates are fixed.
        gate_rate: how far g moves until ``settle`` by AdamW's steps of one size, whatever the learning rate
            and the steps: with the other weights' rate a short training would keep those that began large.
    """

    max_params: int
    ratio: float = 2.0
    strength: float = 0.3
    schedule: Literal["constant", "rising"] = "constant"
    settle: float = 0.75
    gate_rate: float = 4.0

    def __post_init__(self) -> None:
        if self.ratio <= 1 or not 0 < self.settle < 1:
            raise UsageError(f"ratio={self.ratio} must be above 1 and settle={self.settle} between 0 and 1.")
        if self.strength <= 0 or self.gate_rate <= 0:
            raise UsageError(f"strength={self.strength} and gate_rate={self.gate_rate} must be above 0.")

    def start(self, space: SearchSpace) -> Allocation:
        """Uniform, at ``ratio`` times the budget."""
        return uniform_allocation(space, round(self.ratio * self.max_params))

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """g (r,) of every site."""
        return GateVector.shapes(sites, ranks)

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """Gates that learn, the threshold after each step, and the cut to the budget."""
        own = _Sora(self, GateVector(cohort), cohort)
        return GateHooks(
            start=own.start,
            before=own.before,
            trains=own.trains,
            after=own.after,
            finish=own.finish,
            history=own.went.__getitem__,
        )

    def settled(self, total: int) -> int:
        """After how many of so many steps the gates are cut, at least one."""
        return max(1, round(self.settle * total))

    def factors(self, total: int, *, warmup: float) -> np.ndarray:
        """Of the learning rate, at every step until ``settled``: (steps,). warmup: share of the steps."""
        return np.array([linear_schedule(n, total, warmup=warmup) for n in range(self.settled(total))])

    def thresholds(self, total: int, *, warmup: float) -> np.ndarray:
        """eta * lambda of every step until ``settled``: (steps,). warmup: share of the steps."""
        rates = self.factors(total, warmup=warmup)
        rates *= self.gate_rate / rates.sum()
        rising = (2 * np.arange(len(rates)) + 1) / len(rates)
        return np.asarray(self.strength * rates * (rising if self.schedule == "rising" else 1.0))


class _Sora:
    """What SoRA does to one cohort.

    g = scale * (the trained leaf), in which the gradient leaves out ``scale``: AdamW then moves g at
    ``scale`` times the learning rate. alive: (C, R) bool, those not cut.
    """

    def __init__(self, policy: Sora, gates: GateVector, cohort: Cohort) -> None:
        self.policy, self.gates, self.warmup = policy, gates, cohort.recipe.warmup
        slots, device = cohort.stacked.slots, cohort.stacked.values.device
        self.alive = torch.zeros(slots, len(gates.costs), dtype=torch.bool, device=device)
        self.scale = torch.ones(slots, 1, device=device)
        self.rates, self.acted = [0.0] * slots, [False] * slots
        self.went: dict[int, History] = {}
        self.thresholds: dict[int, np.ndarray] = {}  # of a slot's every step until it is cut

    @property
    def g(self) -> Tensor:
        """(C, R), with its graph."""
        leaf = self.gates.trained
        return (leaf + (self.scale - 1) * leaf.detach()) * self.alive

    def start(self, slot: int, candidate: Candidate) -> None:
        self.alive[slot] = self.gates.loaded()[slot]
        draws = [
            named_generator(candidate.seed, f"{site.name}.g").standard_normal(int(count), dtype=np.float32)
            for site, count in zip(self.gates.sites, np.bincount(self.gates.owner), strict=True)
        ]
        self.scale[slot] = 1.0
        self.gates.write(slot, torch.from_numpy(np.concatenate(draws)))
        self.rates[slot], self.acted[slot], self.went[slot] = candidate.learning_rate, False, ()

    def before(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if step.number == 0:
                self._rescale(step)
        self.gates.put(self.g)

    def trains(self, steps: Sequence[Step]) -> Tensor | None:
        return self.gates.entries(self.alive) if any(self.went.values()) else None

    def after(self, steps: Sequence[Step]) -> None:
        for step in steps:
            done, settled = step.number + 1, self.policy.settled(step.total)
            if done > settled:
                continue
            threshold = self.thresholds[step.slot][step.number]
            gate = soft_threshold(self.g.detach()[step.slot], self.scale.new_tensor(threshold))
            self.gates.write(step.slot, gate / self.scale[step.slot])
            if done == settled:
                self._cut(step.slot, gate.cpu().numpy(), done)

    def finish(self, slot: int) -> None:
        if not self.acted[slot]:
            raise NeverActedError(
                f"sora: no gate has reached zero under strength={self.policy.strength}; raise strength, or "
                "train for more steps."
            )
        self.gates.fix(slot, self.g.detach()[slot])

    def _rescale(self, step: Step) -> None:
        """Gives g its own learning rate and thresholds, and leaves it where it is."""
        self.thresholds[step.slot] = self.policy.thresholds(step.total, warmup=self.warmup)
        rates = self.policy.factors(step.total, warmup=self.warmup).sum()
        scale = self.policy.gate_rate / (self.rates[step.slot] * rates)
        self.gates.write(step.slot, self.gates.trained.detach()[step.slot] / scale)
        self.scale[step.slot] = scale

    def _cut(self, slot: int, gate: np.ndarray, done: int) -> None:
        """Keeps the gates, (R,), of largest |g| that fit the budget."""
        if not np.isfinite(gate).all():
            return  # the slot has diverged, which its training reports by itself
        self.acted[slot] = bool((gate[self.alive[slot].cpu().numpy()] == 0).any())
        kept = top_within(np.abs(gate), self.gates.costs, self.policy.max_params) & (gate != 0)
        self.alive[slot] = torch.from_numpy(kept).to(self.alive.device)
        self.gates.settle(slot, self.alive[slot])
        self.went[slot] = ((done, self.gates.allocation(kept)),)
