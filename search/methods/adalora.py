"""AdaLoRA: wires as singular value decompositions, the least important values pruned while they learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from evaluators.data.task import Task
from evaluators.training.candidate import Candidate, History
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, NeverActedError, Step
from proxies.measure.weight_importance import WeightImportance
from search.allocation.uniform import uniform_allocation
from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site

from .gate_vector import GateVector
from .orthogonality import departure, factor_rows, padded
from .top_within import top_within

__all__ = ["AdaLora"]

_DEVIATION: Final = 0.02  # of the Gaussian initial A and B, as in the reference program and in peft


@dataclass(frozen=True, slots=True)
class AdaLora:
    r"""Wires as singular value decompositions, the least important values pruned while they learn.

    .. math:: \Delta W = P \Lambda Q, \quad
       S_i = s(\lambda_i) + \operatorname{mean}_j s(P_{ji}) + \operatorname{mean}_j s(Q_{ij}), \quad
       s = \bar{I} \, \bar{U}

    .. math:: I(w) = \left\lvert w \, \frac{\partial L}{\partial w} \right\rvert, \quad
       \bar{I} \leftarrow \beta_1 \bar{I} + (1 - \beta_1) I, \quad
       \bar{U} \leftarrow \beta_2 \bar{U} + (1 - \beta_2) \lvert I - \bar{I} \rvert

    .. math:: \lambda_i \leftarrow \lambda_i \, \mathbf{1} [ S_i \text{ among the top } b(t) ], \quad
       b(t) = b_T + (b_0 - b_T) \left( 1 - \frac{t - t_i}{T - t_i - t_f} \right)^3

    P = B, Lambda = diag(g), Q = A; g starts at 0. Importance comes from the weights before the step and the
    clipped gradient. The g out of the top are set to 0 and learn on, so that they may come back; b(t) falls
    cubically, here in parameters: at equal costs, peft's count of ranks.

    Source: AdaLoRA, arXiv:2303.10512, eq. 3-12, algorithm 1. Departures: the penalty is the reference
    program's and peft's, gamma times the mean over all A and B of the Frobenius norm of A's product with
    itself less the identity, and of B's, not eq. 4's sum of squares; g takes AdamW's step for plain SGD's; in
    the last phase what was pruned is gone: it neither learns nor counts in the penalty.

    Args:
        ratio: parameters at the start over the budget.
        beta1: by which the sensitivity is smoothed.
        beta2: by which its uncertainty is.
        orthogonality: gamma; at peft's 0.5 the penalty's own gradient, which eq. 8 counts as importance,
            keeps ranks alive at sites without effect.
        initial: share of the steps before pruning begins.
        final: share of the steps at the end with masks fixed.
        interval: steps between two masks (deltaT); with 1 a pruned g hardly comes back, as its sensitivity is
            0 before every step.
    """

    max_params: int
    ratio: float = 1.5
    beta1: float = 0.85
    beta2: float = 0.85
    orthogonality: float = 0.1
    initial: float = 0.1
    final: float = 0.3
    interval: int = 5

    def __post_init__(self) -> None:
        if not (0 < self.beta1 < 1 and 0 < self.beta2 < 1):
            raise UsageError(f"beta1={self.beta1} and beta2={self.beta2} must lie between 0 and 1.")
        if min(self.initial, self.final) < 0 or self.initial + self.final >= 1:
            raise UsageError(
                f"initial={self.initial} and final={self.final} must be shares of the steps, below 1 in sum."
            )
        if self.ratio <= 1 or self.interval < 1 or self.orthogonality < 0:
            raise UsageError(
                f"ratio={self.ratio} must be above 1, interval={self.interval} at least 1 and "
                f"orthogonality={self.orthogonality} at least 0."
            )

    def start(self, space: SearchSpace) -> Allocation:
        """Uniform, at ``ratio`` times the budget."""
        return uniform_allocation(space, round(self.ratio * self.max_params))

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """g (r,) of every site."""
        return GateVector.shapes(sites, ranks)

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """Singular values that learn, the penalty, and a mask after the steps that have one."""
        own = _AdaLora(self, GateVector(cohort), cohort)
        return GateHooks(
            start=own.start,
            before=own.before,
            penalty=own.penalty,
            trains=own.trains,
            observe=own.observe,
            after=own.after,
            finish=own.finish,
            history=own.history,
        )

    def pruning(self, total: int) -> tuple[int, int]:
        """Of so many steps: the last without a mask, and that after which masks are fixed."""
        return round(self.initial * total), max(1, total - round(self.final * total))

    def budget(self, done: int, total: int, params: int) -> int:
        """b(t) after ``done`` steps (eq. 12), from ``params`` down to ``max_params``."""
        first, last = self.pruning(total)
        if done <= first and done < last:
            return params
        left, whole = max(0, last - done), max(1, last - first)
        return self.max_params + (params - self.max_params) * left**3 // whole**3


class _AdaLora:
    """What AdaLoRA does to one cohort. alive: (C, R) bool, the gates that have not gone for good."""

    def __init__(self, policy: AdaLora, gates: GateVector, cohort: Cohort) -> None:
        self.policy, self.gates, self.stacked = policy, gates, cohort.stacked
        self.importance = WeightImportance(cohort.stacked, beta1=policy.beta1, beta2=policy.beta2)
        self.alive = cohort.stacked.values.new_zeros(cohort.stacked.slots, len(gates.costs), dtype=torch.bool)
        self.ranks = np.bincount(gates.owner, minlength=len(gates.sites)).tolist()
        self.settled: dict[int, int] = {}  # slot -> the steps after which its masks were fixed
        self.went: dict[int, list[tuple[int, Allocation]]] = {}

    def start(self, slot: int, candidate: Candidate) -> None:
        self.alive[slot] = self.gates.loaded()[slot]
        self.importance.reset(slot)
        self.settled.pop(slot, None)
        self.went[slot] = []
        self.gates.write(slot, self.alive.new_zeros(len(self.gates.costs), dtype=torch.float32))
        for site, rank in zip(self.gates.sites, self.ranks, strict=True):
            for key, width in (("A", site.d_in), ("B", site.d_out)):
                generator = named_generator(candidate.seed, f"{site.name}.{key}.gaussian")
                rows = torch.from_numpy(generator.standard_normal((rank, width), dtype=np.float32))
                own = self.stacked.slot(f"{site.name}.{key}", slot)
                own.copy_(_DEVIATION * (rows if key == "A" else rows.T))

    def before(self, steps: Sequence[Step]) -> None:
        self.gates.put(self.gates.trained * self.alive)

    def penalty(self, steps: Sequence[Step], again: Callable[[], Tensor]) -> Tensor | None:
        if not self.policy.orthogonality:
            return None
        by_width: dict[int, list[tuple[Tensor, Tensor]]] = {}  # side by side, as many small matrices are slow
        for rows, on in factor_rows(self.stacked, self.gates.sites, self.alive):
            by_width.setdefault(rows.shape[2], []).append((rows, on))
        departures = torch.stack([_norms(*padded(own)) for own in by_width.values()]).sum(0)
        count = torch.stack([on.any(1) for own in by_width.values() for _, on in own]).sum(0)
        return self.policy.orthogonality * (departures / count.clamp(min=1)).sum()

    def trains(self, steps: Sequence[Step]) -> Tensor | None:
        return self.gates.entries(self.alive) if self.settled else None

    def observe(self, steps: Sequence[Step], gradient: Tensor) -> None:
        self.importance.see(gradient, [step.slot for step in steps])

    def after(self, steps: Sequence[Step]) -> None:
        for step in steps:
            done, (first, last) = step.number + 1, self.policy.pruning(step.total)
            if done == last or (first < done < last and done % self.policy.interval == 0):
                self._mask(step.slot, done, step.total)

    def finish(self, slot: int) -> None:
        if not self.went[slot]:
            raise NeverActedError(
                f"adalora: its start fits max_params={self.policy.max_params:,}, so nothing was pruned; "
                "raise ratio, or lower the budget."
            )
        if self.settled.get(slot) == 1:
            raise NeverActedError(
                "adalora: masks were fixed after the first step, before any singular value had moved, so "
                f"that nothing told ranks apart; train for more steps, or lower final={self.policy.final}."
            )
        self.gates.fix(slot, self.gates.trained.detach()[slot] * self.alive[slot])

    def history(self, slot: int) -> History:
        return tuple(self.went[slot])

    def _mask(self, slot: int, done: int, total: int) -> None:
        """Sets to zero what is out of the budget (eq. 6); a slot that has diverged the trainer reports."""
        scores, own = self._importance(slot), self.alive[slot].cpu().numpy()
        if not np.isfinite(scores).all():
            return
        costs, keep = self.gates.costs, own.copy()
        keep[own] = top_within(
            scores[own], costs[own], self.policy.budget(done, total, int(costs[own].sum()))
        )
        kept = torch.from_numpy(keep).to(self.alive.device)
        self.gates.write(slot, self.gates.trained.detach()[slot] * kept)
        allocation, went = self.gates.allocation(keep), self.went[slot]
        if (keep != own).any() and (not went or went[-1][1] != allocation):
            went.append((done, allocation))
        if done == self.policy.pruning(total)[1]:
            self.alive[slot] = kept
            self.gates.settle(slot, kept)
            self.settled[slot] = done

    def _importance(self, slot: int) -> np.ndarray:
        """S of every gate (eq. 7 and 11): (R,)."""
        of = self.importance.smoothed(slot)
        sums = [
            of[f"{site.name}.g"] + of[f"{site.name}.B"].mean(0) + of[f"{site.name}.A"].mean(1)
            for site in self.gates.sites
        ]
        return np.asarray(torch.cat(sums).cpu().numpy())


def _norms(rows: Tensor, on: Tensor) -> Tensor:
    """Sum of |M M^T - I|_F over matrices of one width, (n, slots, r, width): (slots,)."""
    norms: Tensor = torch.linalg.vector_norm(departure(rows, on), dim=(2, 3))
    return norms.sum(0)
