"""DyLoRA: a rank drawn at every step, so that the first rows of a wire serve at every rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from evaluators.data.task import Task
from evaluators.training.candidate import Candidate
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, NeverActedError, Step
from search.allocation.uniform import uniform_allocation
from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site

from .gate_vector import GateVector

__all__ = ["DyLora"]


@dataclass(frozen=True, slots=True)
class DyLora:
    r"""A rank drawn at every step, so that the first rows of a wire serve at every rank.

    .. math:: \Delta W = \frac{\alpha}{b} \, B_{\downarrow b} A_{\downarrow b}, \qquad
       b \sim p_B \text{ over } \{1, \ldots, r_{\max}\}

    Every step draws one rank b and computes with the first b rows of A and columns of B of all sites, at the
    scale of rank b; b above a site's own rank means all of it. Rows above b are neither moved nor decayed.

    Source: DyLoRA, arXiv:2210.07558, section 4, eq. 5-10. Departures: the scale is the recipe's rule at b,
    that of the equation only under ``alpha/r``; the paper keeps all of the largest rank, here the end is cut
    to the ranks of the uniform allocation of the budget.

    Args:
        multiple: the largest rank over the budget's uniform rank; at 1 nothing need be cut.
        distribution: of b, ``uniform`` or ``geometric``.
        p: of the geometric one, p (1 - p)^(b - 1), normalised (section 5.8).
        updates: ``row`` is the paper's "frozen": only row and column b learn (eq. 10), nothing where a site
            has fewer.
        loss: ``sum`` is nested dropout's, over all ranks at every step (table 7); the curve is then of the
            largest.
    """

    max_params: int
    multiple: float = 4.0
    distribution: Literal["uniform", "geometric"] = "uniform"
    p: float = 0.15
    updates: Literal["all", "row"] = "all"
    loss: Literal["one", "sum"] = "one"

    def __post_init__(self) -> None:
        if not self.multiple > 0:
            raise UsageError(f"multiple={self.multiple} must be above 0, r_max over the uniform rank.")
        if not 0 < self.p <= 1:
            raise UsageError(f"p={self.p} must lie in (0, 1], the probability of b = 1.")
        if (self.updates, self.loss) == ("row", "sum"):
            raise UsageError('updates="row" needs one b a step; with loss="sum" use updates="all".')

    def start(self, space: SearchSpace) -> Allocation:
        """Every site at rank r_max, or at the largest rank that it can have."""
        uniform_allocation(space, self.max_params)  # raises UsageError where no site fits
        largest = max(1, round(self.multiple * self.max_params / space.params_per_rank))
        return space.allocation([min(largest, site.max_rank) for site in space.sites])

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Nothing more."""
        return {}

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """The draw before each step, the other ranks' losses, what learns, and the cut to the budget."""
        own = _DyLora(self, GateVector(cohort), cohort)
        return GateHooks(own.start, own.before, own.penalty, own.trains, finish=own.finish)

    def probabilities(self, largest: int) -> np.ndarray:
        """Of b = 1..largest: (largest,)."""
        if self.distribution == "uniform":
            return np.full(largest, 1 / largest)
        weights = self.p * (1 - self.p) ** np.arange(largest, dtype=float)
        normalised: np.ndarray = weights / weights.sum()
        return normalised


class _DyLora:
    """What DyLoRA does to one cohort.

    own: (C, sites), ranks as loaded. at_rank: (r_max, C, R), the gates at b = 1..r_max. b: (C,), of each
    slot's last step. drawn: every b that a slot has had.
    """

    def __init__(self, policy: DyLora, gates: GateVector, cohort: Cohort) -> None:
        slots, largest = cohort.stacked.slots, int(gates.position.max(initial=0)) + 1
        self.policy, self.gates, self.scaling = policy, gates, cohort.recipe.scaling
        self.own = np.zeros((slots, len(gates.sites)), dtype=np.int64)
        device = cohort.stacked.values.device
        self.at_rank = torch.zeros(largest, slots, len(gates.costs), device=device)
        self.b = np.ones(slots, dtype=np.int64)
        self.generators = [np.random.default_rng(0)] * slots
        self.drawn: list[set[int]] = [set() for _ in range(slots)]

    def start(self, slot: int, candidate: Candidate) -> None:
        self.own[slot] = [candidate.allocation.rank(site.name) for site in self.gates.sites]
        for b, gates in enumerate(self.at_rank, start=1):
            gates[slot] = self._first(slot, np.minimum(b, self.own[slot]))
        self.generators[slot] = named_generator(candidate.seed, "dylora")
        self.drawn[slot] = set()

    def before(self, steps: Sequence[Step]) -> None:
        for step in steps:
            largest = int(self.own[step.slot].max())
            if self.policy.loss == "sum":
                self.b[step.slot] = largest
            else:
                weights = self.policy.probabilities(largest)
                self.b[step.slot] = 1 + self.generators[step.slot].choice(largest, p=weights)
            self.drawn[step.slot].add(int(self.b[step.slot]))
        self.gates.put(self._drawn_gates())

    def penalty(self, steps: Sequence[Step], again: Callable[[], Tensor]) -> Tensor | None:
        """The losses at every b below r_max; that at r_max is the step's own."""
        if self.policy.loss == "one":
            return None
        largest = self.own[[step.slot for step in steps]].max(1)
        total = self.at_rank.new_zeros(())
        for b in range(1, largest.max()):
            self.gates.put(self.at_rank[b - 1])
            total = total + again()[np.flatnonzero(b < largest)].sum()
        return total

    def trains(self, steps: Sequence[Step]) -> Tensor | None:
        if self.policy.loss == "sum":
            return None
        learns = self._drawn_gates() != 0
        if self.policy.updates == "row":
            row = self.gates.position == self.b[:, None] - 1
            learns &= torch.from_numpy(row).to(learns.device)
        return self.gates.entries(learns)

    def finish(self, slot: int) -> None:
        largest = self.own[slot].max()
        if self.policy.loss == "one" and largest > 1 and len(self.drawn[slot]) < 2:
            raise NeverActedError(
                f"dylora: every step drew b={self.b[slot]} of 1..{largest}; train for more steps, or lower p."
            )
        space = SearchSpace(self.gates.sites, (0, 1))
        cut = uniform_allocation(space, self.policy.max_params, most=self.own[slot])
        self.gates.fix(slot, self._first(slot, space.rank_vector(cut)))

    def _drawn_gates(self) -> Tensor:
        return self.at_rank[self.b - 1, np.arange(len(self.b))]

    def _first(self, slot: int, ranks: np.ndarray) -> Tensor:
        """Gates (R,) that leave each site its first ``ranks``, (sites,), at the scale of that rank."""
        return self.gates.first(ranks, self.own[slot], self.scaling)
