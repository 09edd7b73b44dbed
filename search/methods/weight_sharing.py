"""A super-network: one set of weights for a whole space, from which any allocation can be cut untrained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from evaluators.data.task import Task
from evaluators.training.candidate import Candidate
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, NeverActedError, Step
from search.allocation.random_allocation import random_allocation
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site

from .gate_vector import GateVector

__all__ = ["Supernet"]


@dataclass(frozen=True, slots=True)
class Supernet:
    """DyLoRA's nested ranks (arXiv:2210.07558, eq. 5-9), drawn for every site apart: weight sharing.

    Each step draws an allocation of the space within the budget, as ``random_allocation`` does. A site at
    rank r computes with its first r rows of A and columns of B at the factor of rank r (eq. 7), and nothing
    else learns or decays. Departures: eq. 9 draws one b from a range of ranks; here every site has a rank of
    the grid, 0 among them, and all together spend the budget.

    At the end everything is on, beyond the budget: no method of the leaderboard, but what ``truncated`` cuts.
    ranks: the space's grid; a rank between two of it is cut as well, but was never drawn itself.
    """

    max_params: int
    ranks: tuple[int, ...]

    def start(self, space: SearchSpace) -> Allocation:
        """Every site at the highest rank of the grid that it can have."""
        return space.allocation(SearchSpace(space.sites, self.ranks).highest)

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Nothing more."""
        return {}

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """Gates of the allocation drawn, which alone learns."""
        own = _Supernet(self, GateVector(cohort), cohort)
        return GateHooks(start=own.start, before=own.before, trains=own.trains, finish=own.finish)


class _Supernet:
    """What sampling does to one cohort."""

    def __init__(self, policy: Supernet, gates: GateVector, cohort: Cohort) -> None:
        self.max_params, self.gates, self.scaling = policy.max_params, gates, cohort.recipe.scaling
        self.space = SearchSpace(gates.sites, policy.ranks)
        slots, self.device = cohort.stacked.slots, cohort.stacked.values.device
        self.loaded = np.zeros((slots, len(gates.sites)), dtype=np.int64)
        self.on = torch.zeros(slots, len(gates.costs), dtype=torch.bool, device=self.device)
        self.draws: dict[int, np.random.Generator] = {}  # a candidate's own, by slot, from its start
        self.acted = [False] * slots

    def start(self, slot: int, candidate: Candidate) -> None:
        self.loaded[slot] = self.space.rank_vector(candidate.allocation)
        self.draws[slot] = named_generator(candidate.seed, "supernet")
        self.acted[slot] = False

    def before(self, steps: Sequence[Step]) -> None:
        for slot in (step.slot for step in steps):
            drawn = random_allocation(self.space, self.max_params, rng=self.draws[slot])
            ranks = np.minimum(self.space.rank_vector(drawn), self.loaded[slot])
            self._fix(slot, ranks)
            self.acted[slot] |= bool((ranks < self.loaded[slot]).any())

    def trains(self, steps: Sequence[Step]) -> Tensor:
        return self.gates.entries(self.on)

    def finish(self, slot: int) -> None:
        if not self.acted[slot]:
            raise NeverActedError(
                f"supernet: max_params={self.max_params:,} holds the whole super-network, so that every step "
                "trained all of it; lower the budget, or give higher ranks."
            )
        self._fix(slot, self.loaded[slot])

    def _fix(self, slot: int, ranks: np.ndarray) -> None:
        """Sets a slot's gates to these ranks, (sites,), each at that rank's own factor."""
        gate = self.gates.first(ranks, self.loaded[slot], self.scaling)
        self.on[slot] = gate != 0
        self.gates.fix(slot, gate)
