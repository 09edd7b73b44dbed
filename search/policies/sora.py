"""SoRA: gates that learn under an L1 penalty, until many are exactly zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor

from evaluators.candidate import Candidate
from evaluators.cohort import Cohort
from evaluators.gate_policy import GateHooks, NeverActedError, Step
from evaluators.task import Task
from search.policies.gate_vector import GateVector
from search.policies.top_within import top_within
from search.uniform import uniform
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site

__all__ = ["Sora", "soft_threshold"]

_MEAN_OF_SCHEDULE: Final = 0.62  # of a linear fall from 1 to 0, over its first three quarters


def soft_threshold(values: Tensor, threshold: Tensor) -> Tensor:
    """T_xi(x), elementwise: x moved by ``threshold`` towards zero, and zero within it (SoRA, eq. 11)."""
    return values.sign() * (values.abs() - threshold).clamp(min=0)


@dataclass(frozen=True, slots=True)
class Sora:
    """Sparse low-rank adaptation (SoRA, arXiv:2311.11696, eq. 10-12).

    g starts as N(0, 1), learns with A and B, and is soft-thresholded by eta * lambda after each step; what is
    zero at the end is cut and g folds into B. Departures: g takes AdamW's step, not plain SGD's, before the
    threshold; the paper has no budget, so after ``settle`` of the steps the gates of largest |g| that fit it
    are kept, the rest is zero for good, and training goes on without threshold.

    ratio: parameters at the start over the budget. strength: lambda; None: such that gates which the loss
    left alone would shrink by then to the share that the budget allows, whatever the learning rate and the
    steps. In short training that is far above 1, so that who stays is mostly who began large.
    schedule: lambda stays, or rises linearly from 0 (its mean is then ``strength`` too).
    """

    max_params: int
    ratio: float = 2.0
    strength: float | None = None
    schedule: Literal["constant", "rising"] = "constant"
    settle: float = 0.75

    def start(self, space: SearchSpace) -> Allocation:
        """Uniform, at ``ratio`` times the budget."""
        return uniform(space, round(self.ratio * self.max_params))

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """g (r,) of every site."""
        return GateVector.shapes(sites, ranks)

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """Gates that learn, the threshold after each step, and the cut to the budget."""
        own = _Sora(self, GateVector(cohort), cohort)
        return GateHooks(start=own.start, before=own.before, after=own.after, finish=own.finish)


class _Sora:
    """What SoRA does to one cohort."""

    def __init__(self, policy: Sora, gates: GateVector, cohort: Cohort) -> None:
        self.policy, self.gates, self.stacked = policy, gates, cohort.stacked
        self.alive = torch.zeros(cohort.stacked.slots, len(gates.costs), dtype=torch.bool)
        self.alive = self.alive.to(cohort.stacked.values.device)
        self.peak_rate = [0.0] * cohort.stacked.slots

    def start(self, slot: int, candidate: Candidate) -> None:
        self.alive[slot] = self.gates.loaded()[slot]
        draws = [
            named_generator(candidate.seed, f"{site.name}.g").standard_normal(int(count), dtype=np.float32)
            for site, count in zip(self.gates.sites, np.bincount(self.gates.owner), strict=True)
        ]
        self.gates.write(slot, torch.from_numpy(np.concatenate(draws)))
        self.peak_rate[slot] = candidate.learning_rate

    def before(self, steps: Sequence[Step]) -> None:
        self.gates.put(self.gates.trained * self.alive)

    def after(self, steps: Sequence[Step]) -> None:
        for step in steps:
            done, settle = step.number + 1, round(self.policy.settle * step.total)
            gate = self.gates.trained.detach()[step.slot]
            if done <= settle:
                threshold = step.learning_rate * self._strength(step, settle)
                self.gates.write(step.slot, soft_threshold(gate, gate.new_tensor(threshold)))
            if done == settle:
                self._cut(step.slot)

    def finish(self, slot: int) -> None:
        gate = self.gates.trained.detach()[slot] * self.alive[slot]
        self.gates.fix(slot, gate)

    def _cut(self, slot: int) -> None:
        """Keeps the gates of largest |g| that fit the budget; raises NeverActedError where none was zero."""
        size = (self.gates.trained.detach()[slot] * self.alive[slot]).abs().cpu().numpy()
        if not np.isfinite(size).all():
            return  # the slot has diverged, which its training reports by itself
        if not (size[self.alive[slot].cpu().numpy()] == 0).any():
            raise NeverActedError(
                f"sora: no gate has reached zero under lambda={self.policy.strength}; raise strength, or "
                "train for more steps."
            )
        kept = top_within(size, self.gates.costs, self.policy.max_params) & (size > 0)
        self.alive[slot] = torch.from_numpy(kept).to(self.alive.device)

    def _strength(self, step: Step, settle: int) -> float:
        """lambda at a step."""
        mean = self.policy.strength
        if mean is None:
            rates = self.peak_rate[step.slot] * _MEAN_OF_SCHEDULE * settle  # the learning rates' sum
            dead = 1 - min(1.0, 1 / self.policy.ratio)
            mean = NormalDist().inv_cdf(0.5 + dead / 2) / rates
        rising = (2 * step.number + 1) / max(1, settle)
        return mean * (rising if self.policy.schedule == "rising" else 1.0)
