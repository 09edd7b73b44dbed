"""Spectral: ranks, and where A points at the start, from the gradient of the frozen model; ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor

from evaluators.base.described import not_before
from evaluators.data.task import Task
from evaluators.training.candidate import Candidate, History
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, NeverActedError, Step
from proxies.measure.evidence import Evidence
from proxies.registry import find_proxy, score_sites
from proxies.site_scores import SiteScores
from search.allocation.greedy import greedy_allocation
from search.job.first_batches import first_batches
from spaces.allocation import Allocation
from spaces.double_precision import in_double
from spaces.errors import UsageError
from spaces.memory_size import memory_given
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site

from .gate_vector import GateVector

__all__ = ["Spectral"]

_ROW_NORM: Final = (1 / 3) ** 0.5  # root mean square of the norm of a row of LoRA's own initial A


@dataclass(frozen=True, slots=True)
class Spectral:
    r"""Ranks by water-filling before the first step, each from 0 up to what was loaded.

    .. math:: \max_{r} \; \sum_{\text{sites}} \operatorname{gain}(\text{site}, r_{\text{site}}) \quad
       \text{within} \quad \sum_{\text{sites}} r_{\text{site}} \, (d_{in} + d_{out}) \le \text{budget}

    A proxy looks at the frozen base model under the slot's own fresh head, on the first training batches;
    ``greedy`` spends the budget on its worths, rank by rank. What is left out neither learns nor decays.

    ``aligned`` puts into A's rows the top right singular vectors of G, the gradient of the loss by Delta W,
    as long as LoRA's rows. With B = 0 the first step decreases the loss by the squared norm of B's gradient,
    times the rate; of all A with orthogonal rows of that length, these make it the largest:

    .. math:: \lVert \partial L / \partial B \rVert_F^2 = \text{scale}^2 \, \lVert G A^\top \rVert_F^2

    Source: ours. By default ``root:``, as sums of plain worths do not see concentration: in
    results/study-rotten-tomatoes the root lifts ``grad_norm@init`` from +0.61 to +0.67 and narrows
    ``adam_signal``'s interval.

    Args:
        initial: ``random`` keeps LoRA's A; ``aligned``: as above.
        batches: how many are looked at, of the recipe's size.
        proxy: any of the registry.
        scoring_memory: kept of the linears' gradients at a time, as ``parse_memory`` reads it; None: as
            ``memory_for`` has it.
    """

    max_params: int
    initial: Literal["random", "aligned"] = "random"
    batches: int = 32
    proxy: str = "root:spectrum"
    scoring_memory: str | None = field(default=None, metadata=not_before(None))

    def __post_init__(self) -> None:
        memory_given(self.scoring_memory)
        if self.batches < 1:
            raise UsageError(f"batches={self.batches} must be at least 1.")
        find_proxy(self.proxy)

    def start(self, space: SearchSpace) -> Allocation:
        """Every site at its highest rank of the grid; training begins within the budget all the same."""
        return space.allocation(space.highest)

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Nothing more."""
        return {}

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """The choice of ranks when a candidate starts, and no more."""
        own = _Spectral(self, GateVector(cohort), cohort, task)
        return GateHooks(start=own.start, trains=own.trains, finish=own.finish, history=own.history)


class _Spectral:
    """What it does to one cohort."""

    def __init__(self, policy: Spectral, gates: GateVector, cohort: Cohort, task: Task) -> None:
        self.policy, self.gates, self.cohort, self.task = policy, gates, cohort, task
        self.on = cohort.stacked.values.new_zeros(cohort.stacked.slots, len(gates.costs), dtype=torch.bool)
        self.active = gates.entries(self.on)
        self.loaded: dict[int, Allocation] = {}
        self.chosen: dict[int, Allocation] = {}

    def start(self, slot: int, candidate: Candidate) -> None:
        loaded = self.gates.loaded()[slot]
        space = self._space(loaded)
        self.gates.fix(slot, torch.zeros_like(loaded, dtype=torch.float32))  # the base model, and the head
        evidence = self._evidence(slot, candidate, space)
        with self.cohort.stacked.frozen():
            worth = self._worth(evidence, dict(self.gates.allocation(loaded.cpu()).ranks))
            allocation = greedy_allocation(
                worth,
                max_params=self.policy.max_params,
                rng=named_generator(candidate.seed, "spectral"),
            )
            if self.policy.initial == "aligned":
                self._align(slot, evidence.gradients, allocation)
        ranks, most = (
            np.array([one.rank(site.name) for site in self.gates.sites])
            for one in (allocation, candidate.allocation)
        )
        gate = self.gates.first(ranks, most, self.cohort.recipe.scaling)
        self.gates.fix(slot, gate)
        self.on[slot], self.chosen[slot] = gate != 0, allocation
        self.loaded[slot] = candidate.allocation
        self.active = self.gates.entries(self.on)

    def trains(self, steps: Sequence[Step]) -> Tensor:
        return self.active

    def finish(self, slot: int) -> None:
        if self.chosen[slot] == self.loaded[slot]:
            raise NeverActedError(
                f"spectral: max_params={self.policy.max_params:,} holds every site at its highest rank; "
                "lower the budget, or give higher `ranks`."
            )

    def history(self, slot: int) -> History:
        return ((0, self.chosen[slot]),)

    def _space(self, loaded: Tensor) -> SearchSpace:
        """The sites that were loaded, at every rank up to the largest."""
        ranks = dict(self.gates.allocation(loaded.cpu()).ranks)
        sites = tuple(site for site in self.gates.sites if site.name in ranks)
        return SearchSpace(sites, tuple(range(max(ranks.values(), default=0) + 1)))

    def _evidence(self, slot: int, candidate: Candidate, space: SearchSpace) -> Evidence:
        """Of the model as this slot sees it; nothing is measured yet."""
        cohort = self.cohort
        cohort.stacked.select((slot,))
        size = cohort.recipe.batch_size
        return Evidence(
            cohort.model,
            cohort.objective,
            first_batches(cohort.model, self.task.train, size=size, count=self.policy.batches),
            space,
            seed=candidate.seed,
            scaling=cohort.recipe.scaling,
            renorm=cohort.recipe.renorm,
            needs=find_proxy(self.policy.proxy).needs,
            memory=memory_given(self.policy.scoring_memory),
        )

    def _worth(self, evidence: Evidence, loaded: Mapping[str, int]) -> SiteScores:
        """The proxy's scores; a rank above a site's own is worth no more than that."""
        (scores,) = score_sites([find_proxy(self.policy.proxy)], evidence)
        return scores.at_most(np.array([loaded[site.name] for site in evidence.space.sites]))

    def _align(self, slot: int, gradients: Mapping[str, Tensor], allocation: Allocation) -> None:
        for name, rank in allocation.ranks:
            directions = torch.linalg.svd(in_double(gradients[name]), full_matrices=False).Vh[:rank]
            self.cohort.stacked.slot(f"{name}.A", slot)[:rank].copy_(_ROW_NORM * directions)
