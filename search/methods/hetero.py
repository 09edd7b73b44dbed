"""HeteroLoRA: whole modules switched on and off by a cheap proxy, once or again and again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor

from evaluators.base.described import not_before
from evaluators.data.task import Task
from evaluators.training.candidate import Candidate, History
from evaluators.training.cohort import Cohort
from evaluators.training.data_order import steps_per_epoch
from evaluators.training.gate_policy import GateHooks, NeverActedError, Step
from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, find_proxy, score_sites
from proxies.site_scores import NotFiniteScoreError
from search.job.first_batches import first_batches
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.double_precision import in_double
from spaces.errors import InputError, UsageError
from spaces.memory_size import memory_given
from spaces.objective import Batch
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site

from .gate_vector import GateVector
from .top_within import top_within

__all__ = ["Hetero"]

_OF_A_AND_B: Final = "grad_norm"  # the one score that is taken of the candidate's own A and B


@dataclass(frozen=True, slots=True)
class Hetero:
    r"""Whole modules switched on and off by a cheap proxy, once or again and again.

    .. math:: g_m = \mathbf{1} [ S(m) \text{ among the highest that fit the budget} ]

    At each search all modules m of a candidate are on, its present weights are scored on the first training
    batches, unshuffled, and the highest stay on until the next search; ties fall uniformly at random. A
    module that goes off keeps its weights and its optimizer state, and neither learns nor decays.
    ``grad_norm`` is the norm of A's gradient plus that of B's, of their sum over the batches, as in the
    reference program.

    Source: static and dynamic HeteroLoRA, arXiv:2406.14956, sections 2.1 and 2.2, appendices B.1 and C.
    Departures: any other proxy is the registry's own around the present wires, by its worth at the modules'
    rank; so SNIP and SYNFLOW weigh G by W0, not by W0 + BA. No choice exceeds the budget, whatever
    ``enabled`` says.

    Args:
        proxy: ``grad_norm``, or any of the registry.
        frequency: searches per epoch, 0 for one at the start alone; 5 in the paper.
        allotment: LoRA modules and shortcuts in one list of floor(p n_lora) + round(p n_shortcut) places, or
            each kind in its own, with its share of the budget.
        enabled: share p of the modules that are on at most; None: as many as fit.
        multiple: the modules' one rank, over that of the uniform allocation.
        constant_epochs: for so long the choice is random (CONSTANT).
        batches: how many are scored on.
        scoring_memory: as ``Spectral`` has it; ``grad_norm`` keeps no gradients of linears.
    """

    max_params: int
    proxy: str = "grad_norm"
    frequency: float = 0.0
    allotment: Literal["combined", "separated"] = "combined"
    enabled: float | None = None
    multiple: float = 4.0
    constant_epochs: float = 0.0
    batches: int = 32
    scoring_memory: str | None = field(default=None, metadata=not_before(None))

    def __post_init__(self) -> None:
        memory_given(self.scoring_memory)
        allowed = ("dense", "base", "none") + (() if self.frequency else ("init",))
        if find_proxy(self.proxy).point not in allowed:
            names = [name for name, proxy in PROXIES.items() if proxy.point in allowed]
            raise UsageError(
                f"proxy={self.proxy!r} does not look at a candidate's present weights; choose from {names}, "
                "or build ensemble: or root: of those."
            )
        if not 0 <= self.frequency < math.inf or not 0 < self.multiple < math.inf or self.batches < 1:
            raise UsageError(
                f"frequency={self.frequency} must be at least 0, multiple={self.multiple} above 0 and "
                f"batches={self.batches} at least 1."
            )
        if self.enabled is not None and not 0 < self.enabled <= 1:
            raise UsageError(f"enabled={self.enabled} must lie in (0, 1], a share of the modules.")
        if self.allotment not in ("combined", "separated"):
            raise UsageError(f"allotment={self.allotment!r} is unknown; choose combined or separated.")
        if self.constant_epochs < 0 or (self.constant_epochs > 0 and not self.frequency):
            raise UsageError(
                f"constant_epochs={self.constant_epochs} must be at least 0, and needs a frequency above 0: "
                "the one static search would be random."
            )

    def start(self, space: SearchSpace) -> Allocation:
        """Every site at the one rank of modules that are on, such that the dearest fits the budget alone; a
        narrower site at its full rank."""
        costs = [site.cost_per_rank for site in space.sites]
        if (least := min(costs)) > self.max_params:
            raise UsageError(
                f"max_params={self.max_params:,} is too small: rank 1 at the cheapest site needs {least:,}. "
                "Raise the budget to at least that."
            )
        wanted = round(self.multiple * self.max_params / space.params_per_rank)
        rank = max(1, min(wanted, self.max_params // max(costs)))
        return space.allocation([min(rank, site.max_rank) for site in space.sites])

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Nothing more."""
        return {}

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """A search before the steps that are due, and the mask of what is on."""
        renormed = [site.name for site in cohort.wires.sites if site.norm]
        if self.proxy != _OF_A_AND_B and renormed and cohort.recipe.renorm == "paper":
            raise UsageError(
                f"proxy={self.proxy!r} cannot be measured around {renormed[0]} under renorm='paper'; use "
                f"{_OF_A_AND_B} or renorm='preserve'."
            )
        own = _Hetero(self, GateVector(cohort), cohort, task)
        return GateHooks(
            start=own.start, before=own.before, trains=own.trains, finish=own.finish, history=own.history
        )

    def choose(
        self, scores: np.ndarray, sites: Sequence[Site], ranks: np.ndarray, *, rng: np.random.Generator
    ) -> np.ndarray:
        """Which of these modules are on: (sites,) bool.

        Args:
            scores: (sites,), larger means worth more.
            sites: at which there is a module.
            ranks: (sites,), of the modules.
            rng: breaks ties.
        """
        costs = ranks * np.array([site.cost_per_rank for site in sites], dtype=np.int64)
        lora = np.array([site.kind == "lora" for site in sites])
        share = 1.0 if self.enabled is None else self.enabled
        # 1e-9: so that 0.29 of 100 is 29
        places = math.floor(share * lora.sum() + 1e-9), round(share * int((~lora).sum()))
        groups = [(np.ones_like(lora), sum(places), self.max_params)]
        if self.allotment == "separated":
            of_lora = self.max_params * int(costs[lora].sum()) // int(costs.sum())
            groups = [(lora, places[0], of_lora), (~lora, places[1], self.max_params)]
        shuffled, on = rng.permutation(len(sites)), np.zeros(len(sites), dtype=bool)
        for group, most, budget in groups:  # shortcuts, which come second, get all that is left
            members = shuffled[group[shuffled]]
            left = min(budget, self.max_params - int(costs[on].sum()))
            kept = members[top_within(scores[members], costs[members], left)]
            on[kept[np.argsort(-scores[kept], kind="stable")][:most]] = True
        return on


class _Hetero:
    """What HeteroLoRA does to one cohort. full, on: (C, R) bool, the gates of all modules and those on."""

    def __init__(self, policy: Hetero, gates: GateVector, cohort: Cohort, task: Task) -> None:
        self.policy, self.gates, self.cohort, self.rows = policy, gates, cohort, task.train
        size, rows = cohort.recipe.batch_size, len(task.train)
        self.per_epoch = steps_per_epoch(rows, size)
        starts = range(0, min(policy.batches * size, rows), size)
        self.indices = [np.arange(start, min(start + size, rows)) for start in starts]
        self.owner = torch.from_numpy(gates.owner).to(cohort.stacked.values.device)
        self.full = self.owner.new_zeros(cohort.stacked.slots, len(gates.owner), dtype=torch.bool)
        self.on, self.active = self.full.clone(), gates.entries(self.full)
        self.seeds = [0] * cohort.stacked.slots
        self.searches: list[list[tuple[int, Allocation]]] = [[] for _ in self.seeds]

    def start(self, slot: int, candidate: Candidate) -> None:
        self.full[slot] = self.on[slot] = self.gates.loaded()[slot]
        self.seeds[slot], self.searches[slot] = candidate.seed, []

    def before(self, steps: Sequence[Step]) -> None:
        due = [step for step in steps if self._due(step.number)]
        random = self.policy.constant_epochs * self.per_epoch
        measured = self._scores([step.slot for step in due if step.number >= random])
        for step in due:
            scores = measured.get(step.slot, np.ones(len(self.gates.sites)))
            if np.isfinite(scores).all():
                self._choose(step, scores)
            self.gates.fix(step.slot, self.on[step.slot].float())  # of one that has diverged, its last choice
        if due:
            self.active = self.gates.entries(self.on)

    def trains(self, steps: Sequence[Step]) -> Tensor:
        return self.active

    def finish(self, slot: int) -> None:
        if not self.searches[slot] or torch.equal(self.on[slot], self.full[slot]):
            raise NeverActedError(
                f"hetero: every module stayed on, as all fit max_params={self.policy.max_params:,} and "
                f"enabled={self.policy.enabled}; raise multiple={self.policy.multiple} or lower enabled."
            )

    def history(self, slot: int) -> History:
        return tuple(self.searches[slot])

    def _due(self, number: int) -> bool:
        """Whether a search precedes this step: the k-th, from 0, is at the first step past k / f epochs."""
        done, now = (
            math.floor(step * self.policy.frequency / self.per_epoch + 1e-9) for step in (number - 1, number)
        )
        return number == 0 or now > done

    def _choose(self, step: Step, scores: np.ndarray) -> None:
        """Switches a slot's modules by their scores, (sites,)."""
        own, ranks = self._modules(step.slot)
        searches = self.searches[step.slot]
        rng = named_generator(self.seeds[step.slot], f"hetero.{len(searches)}")
        sites = [self.gates.sites[i] for i in own]
        chosen = np.zeros(len(self.gates.sites), dtype=bool)
        chosen[own] = self.policy.choose(scores[own], sites, ranks, rng=rng)
        if not chosen.any():
            raise UsageError(
                f"hetero: enabled={self.policy.enabled} of {counted(len(own), 'module')}, "
                f"{self.policy.allotment}, leaves none on; raise enabled."
            )
        self.on[step.slot] = self.full[step.slot] & torch.from_numpy(chosen).to(self.owner.device)[self.owner]
        searches.append((step.number, self.gates.allocation(self.on[step.slot].cpu())))

    def _modules(self, slot: int) -> tuple[np.ndarray, np.ndarray]:
        """The sites at which a slot's candidate has a module, by index, and their ranks."""
        counts = np.bincount(self.gates.owner[self.full[slot].cpu().numpy()], minlength=len(self.gates.sites))
        own = counts.nonzero()[0]
        return own, counts[own]

    def _scores(self, slots: Sequence[int]) -> dict[int, np.ndarray]:
        """Scores, (sites,), of each slot that are worth measuring; not finite where it has diverged."""
        if find_proxy(self.policy.proxy).ranks_nothing or not slots:
            return {}
        for slot in slots:
            self.gates.fix(slot, self.full[slot].float())
        if self.policy.proxy == _OF_A_AND_B:
            return dict(zip(slots, self._gradient_norms(slots), strict=True))
        return {slot: self._by_registry(slot) for slot in slots}

    def _gradient_norms(self, slots: Sequence[int]) -> np.ndarray:
        """|dL/dA| + |dL/dB| of each module, L the sum of the batches' mean losses: (slots, sites)."""
        stacked = self.cohort.stacked
        total = torch.zeros_like(stacked.values)
        for indices in self.indices:
            losses = self.cohort.losses(slots, self.rows, [indices] * len(slots))
            total += stacked.gradient(losses.sum())
        parts = stacked.named(total[list(slots)])
        norms = {name: torch.linalg.vector_norm(part.flatten(1), dim=1) for name, part in parts.items()}
        of_sites = [norms[f"{site.name}.A"] + norms[f"{site.name}.B"] for site in self.gates.sites]
        scores: np.ndarray = in_double(torch.stack(of_sites, dim=1)).cpu().numpy()
        for slot, own in zip(slots, scores, strict=True):
            modules = own[self._modules(slot)[0]]
            if len(modules) > 1 and np.ptp(modules) == 0:
                raise InputError(f"grad_norm is {modules[0]:g} at every site, so it ranks nothing.")
        return scores

    def _by_registry(self, slot: int) -> np.ndarray:
        """What the proxy says of each module at its rank, around the slot's wires and head: (sites,)."""
        stacked, recipe, values = self.cohort.stacked, self.cohort.recipe, np.zeros(len(self.gates.sites))
        if not bool(torch.isfinite(stacked.values[slot]).all()):
            return values + np.nan
        (own, ranks), proxy = self._modules(slot), find_proxy(self.policy.proxy)
        grid = (0, *np.unique(ranks).tolist())
        space = SearchSpace(tuple(self.gates.sites[i] for i in own), grid)
        evidence = Evidence(
            self.cohort.model,
            self.cohort.objective,
            self.scored,
            space,
            seed=self.seeds[slot],
            scaling=recipe.scaling,
            renorm=recipe.renorm,
            needs=proxy.needs,
            memory=memory_given(self.policy.scoring_memory),
            absolute=lambda: stacked.absolute(slot),
        )
        stacked.select([slot])
        try:
            with stacked.frozen():
                (scores,) = score_sites([proxy], evidence)
        except NotFiniteScoreError:
            if self.searches[slot]:  # what its steps have made of it
                return values + np.nan
            raise
        values[own] = scores.by_rank[np.arange(len(own)), np.searchsorted(grid, ranks)]
        return values

    @cached_property
    def scored(self) -> list[Batch]:
        """The batches that proxies of the registry look at."""
        size = self.cohort.recipe.batch_size
        return first_batches(self.cohort.model, self.rows, size=size, count=self.policy.batches)
