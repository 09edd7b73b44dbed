"""SaLoRA: hard-concrete gates that a Lagrangian brings to the budget, and factors kept near orthogonal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from evaluators.data.task import Task
from evaluators.training.candidate import Candidate
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, NeverActedError, Step
from search.allocation.uniform import uniform_allocation
from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.search_space import SearchSpace
from spaces.site import Site

from .gate_vector import GateVector
from .hard_concrete import HardConcreteGates, Phase
from .orthogonality import departure, factor_rows

__all__ = ["SaLora"]


@dataclass(frozen=True, slots=True)
class SaLora:
    r"""Hard-concrete gates that a Lagrangian brings to the budget, and factors kept near orthogonal.

    .. math:: g = \min(1, \max(0, s)), \quad
       s = \sigma \left( \frac{\log \frac{u}{1 - u} + \log \theta}{\tau} \right) (\zeta - \gamma) + \gamma,
       \quad u \sim U(0, 1)

    .. math:: \max_{\lambda \ge 0} \min_{A, B, \theta} \;
       L + \beta \sum \left( \lVert B^\top B - I \rVert_F^2 + \lVert A A^\top - I \rVert_F^2 \right)
       + \lambda_1 (C - b) + \lambda_2 (C - b)^2

    C is the expected density of the gates that are on and b its target. Gates are one until ``begin``, then
    drawn, once a step for the whole batch, and their density comes to the budget by ``end``.

    Source: SaLoRA (Structure-aware low-rank adaptation), Mathematics 11(20):4317, 2023, eq. 5-12, algorithm
    1. Departures: the density (eq. 11) is read as a ratio of two sums over all sites; eq. 12's term has the
    linear one of FLOP beside it, and its target falls from 1 to the budget by three quarters of the phase, so
    that the constraint holds in few steps; lambda2 begins at 300 and hardly ascends, so that it is a penalty
    and lambda1 what is learned; log theta begins at 2 and has its own rate (``Phase``,
    ``HardConcreteGates``); at the end of the phase the gates likeliest to be open that fit the budget are
    kept, at their deterministic values, at least 0.1, the others are zero for good, and training goes on.

    Args:
        ratio: parameters at the start over the budget.
        begin: T_start, as a share of the steps.
        end: T_end, likewise.
        orthogonality: beta of eq. 9; small, as B starts at zero and a wire's scale is not in it.
        gate_rate: how far log theta moves from ``begin`` to ``end`` by AdamW's steps of one size.
        multiplier_rate: of the multipliers' ascent, summed over the phase.
    """

    max_params: int
    ratio: float = 2.0
    begin: float = 0.1
    end: float = 0.7
    orthogonality: float = 1e-3
    gate_rate: float = 12.0
    multiplier_rate: float = 100.0

    def __post_init__(self) -> None:
        if self.ratio <= 1 or self.orthogonality < 0:
            raise UsageError(
                f"ratio={self.ratio} must be above 1 and orthogonality={self.orthogonality} at least 0."
            )
        self.phase()

    def phase(self) -> Phase:
        """When its gates learn, and how fast."""
        return Phase(self.begin, self.end, self.gate_rate, self.multiplier_rate)

    def start(self, space: SearchSpace) -> Allocation:
        """Uniform, at ``ratio`` times the budget."""
        return uniform_allocation(space, round(self.ratio * self.max_params))

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """What log theta (r,) of every site is made of."""
        return GateVector.shapes(sites, ranks)

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """Gates that are drawn, the penalties, the multipliers' ascent and the cut to the budget."""
        own = _SaLora(self, cohort)
        return GateHooks(
            start=own.start,
            before=own.before,
            penalty=own.penalty,
            trains=own.trains,
            after=own.gates.after,
            finish=own.finish,
            history=own.gates.went.__getitem__,
        )


class _SaLora:
    """What SaLoRA does to one cohort."""

    def __init__(self, policy: SaLora, cohort: Cohort) -> None:
        self.policy, self.stacked, self.vector = policy, cohort.stacked, GateVector(cohort)
        self.gates = HardConcreteGates(policy.phase(), self.vector, cohort)

    def start(self, slot: int, candidate: Candidate) -> None:
        self.gates.start(slot, candidate, self.policy.max_params)

    def before(self, steps: Sequence[Step]) -> None:
        self.vector.put(self.gates.now(steps))

    def penalty(self, steps: Sequence[Step], again: Callable[[], Tensor]) -> Tensor | None:
        density, orthogonality = self.gates.penalty(steps), self.policy.orthogonality
        if not orthogonality:
            return density
        departure = orthogonality * self._departure()
        return departure if density is None else departure + density

    def trains(self, steps: Sequence[Step]) -> Tensor | None:
        return self.vector.entries(self.gates.alive) if any(self.gates.went.values()) else None

    def finish(self, slot: int) -> None:
        if not self.gates.went[slot]:
            raise NeverActedError(
                f"salora: its start fits max_params={self.policy.max_params:,}, so no gate was closed; "
                "raise ratio, or lower the budget."
            )
        self.vector.fix(slot, self.gates.fixed[slot])

    def _departure(self) -> Tensor:
        """Sum of eq. 9 over the selected slots and their sites, of the ranks that are not cut."""
        total = self.stacked.values.new_zeros(())
        for rows, on in factor_rows(self.stacked, self.vector.sites, self.gates.alive):
            total = total + departure(rows, on).square().sum()
        return total
