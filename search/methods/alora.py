"""ALoRA: ranks that an ablation finds useless are given to the modules that lost none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.training.candidate import Candidate, History
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, NeverActedError, Step
from search.allocation.uniform import uniform_allocation
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site
from spaces.wires import initial_a

from .gate_vector import GateVector
from .rank_ablation import rank_losses
from .top_within import top_within

__all__ = ["ALora", "moved"]

_PRUNED_SHARE: Final = 1 / 8  # of the ranks that are on, in one round


@dataclass(frozen=True, slots=True)
class ALora:
    r"""Ranks that an ablation finds useless are given to the modules that lost none.

    .. math:: IS(r) = S(M) - S(M \setminus r) + S(M_r), \qquad S = -\text{loss on validation rows}

    The budget is spent uniformly at first. In each round the ``pruned`` ranks of lowest importance go off,
    and their parameters buy new ranks for the modules that lost none, those of highest mean importance first,
    one rank each in turn. A new rank has a fresh row of A, a zero column of B and no moments.

    Source: ALoRA, arXiv:2403.16187, eq. 6, algorithm 1. Departures: K1 and K2 are shares of the training (the
    paper: epochs, the first until M converges); what those modules cannot take, because they are full or too
    dear, gives pruned ranks back, the best first, so that the budget stays spent. The scale of a module stays
    that of the rank it began with.

    Args:
        before: K1, the share of the steps before the first round.
        between: K2, the share between two rounds.
        rounds: N_A.
        pruned: n_A, ranks that go off in a round; None: one in eight of those that are on.
        batch: validation rows of a round, drawn by the candidate's seed.
        headroom: a module's largest rank over its first.
    """

    max_params: int
    before: float = 0.25
    between: float = 1 / 6
    rounds: int = 4
    pruned: int | None = None
    batch: int = 32
    headroom: float = 2.0

    def __post_init__(self) -> None:
        last = self.before + (self.rounds - 1) * self.between
        if not (self.before > 0 and self.between > 0 and self.rounds > 0 and last < 1):
            raise UsageError(
                f"before={self.before}, between={self.between} and rounds={self.rounds} must be positive and "
                f"put the last round before the end of training, not at {last:.2f} of it."
            )
        if self.headroom < 1 or self.batch < 1 or (self.pruned is not None and self.pruned < 1):
            raise UsageError(
                f"headroom={self.headroom}, batch={self.batch} and pruned={self.pruned} must be at least 1."
            )

    def start(self, space: SearchSpace) -> Allocation:
        """Room to move in: uniform at ``headroom`` times the budget, and nowhere less than at the budget."""
        budgets = (round(self.headroom * self.max_params), self.max_params)
        ranks = [space.rank_vector(uniform_allocation(space, budget)) for budget in budgets]
        return space.allocation(np.maximum(*ranks))

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Nothing more."""
        return {}

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """The uniform start, the rounds, and no step for a rank that is off."""
        own = _ALora(self, GateVector(cohort), cohort, task.validation)
        return GateHooks(
            start=own.start, trains=own.trains, after=own.after, finish=own.finish, history=own.history
        )

    def rounds_at(self, total: int) -> frozenset[int]:
        """The numbers of steps after which a round takes place, in a training of ``total`` steps."""
        due = (round((self.before + i * self.between) * total) for i in range(self.rounds))
        return frozenset(due) & frozenset(range(1, total))


def moved(
    importance: np.ndarray,
    alive: np.ndarray,
    loaded: np.ndarray,
    owner: np.ndarray,
    costs: np.ndarray,
    *,
    pruned: int,
    max_params: int,
) -> np.ndarray:
    """Which ranks are on after a round: (R,) bool.

    Args:
        importance: (R,) IS, read where a rank is on.
        alive: (R,) bool, on before.
        loaded: (R,) bool, may be on.
        owner, costs: (R,) int64, ``GateVector``'s: whose rank it is, and its parameters.
        pruned: n_A, how many go off at most.
        max_params: what all that are on may cost together.
    """
    on = np.flatnonzero(alive)
    lowest = on[np.argsort(importance[on], kind="stable")[:pruned]]
    after = alive.copy()
    after[lowest] = False
    count = np.bincount(owner[on], minlength=owner[-1] + 1)
    mean = np.bincount(owner[on], importance[on], minlength=len(count)) / np.maximum(count, 1)
    grows = (count > 0) & (np.bincount(owner[lowest], minlength=len(count)) == 0)
    free = np.flatnonzero(loaded & ~alive & grows[owner])
    turn = np.arange(len(free)) - np.searchsorted(
        owner[free], owner[free]
    )  # how many the module has before it
    wishes = np.concatenate([free[np.lexsort((-mean[owner[free]], turn))], lowest[::-1]])
    granted = top_within(-np.arange(len(wishes)), costs[wishes], max_params - costs[after].sum())
    after[wishes[granted]] = True
    return after


class _ALora:
    """What ALoRA does to one cohort."""

    def __init__(self, policy: ALora, gates: GateVector, cohort: Cohort, rows: Rows) -> None:
        self.policy, self.gates, self.cohort, self.rows = policy, gates, cohort, rows
        shape = cohort.stacked.slots, len(gates.costs)
        self.loaded, self.alive = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        self.size = np.zeros(shape, dtype=np.float32)  # of a gate that is on
        self.seeds = [0] * cohort.stacked.slots
        self.past: list[list[tuple[int, Allocation]]] = [[] for _ in self.seeds]
        self.total = [0] * cohort.stacked.slots
        self.entries: Tensor | None = None

    def start(self, slot: int, candidate: Candidate) -> None:
        gates, factor = self.gates, self.cohort.recipe.scaling.factor
        self.loaded[slot] = gates.loaded()[slot].cpu().numpy()
        most = [candidate.allocation.rank(site.name) for site in gates.sites]
        sites = tuple(site for site, rank in zip(gates.sites, most, strict=True) if rank)
        begin = dict(uniform_allocation(SearchSpace(sites, (0, 1)), self.policy.max_params).ranks)
        ranks = [min(begin.get(site.name, 0), rank) for site, rank in zip(gates.sites, most, strict=True)]
        sizes = [
            factor(site.kind, max(1, rank)) / factor(site.kind, max(1, loaded))
            for site, rank, loaded in zip(gates.sites, ranks, most, strict=True)
        ]
        self.seeds[slot], self.past[slot] = candidate.seed, []
        self.size[slot] = np.array(sizes)[gates.owner]
        self._put(slot, gates.position < np.array(ranks)[gates.owner], 0)

    def trains(self, steps: Sequence[Step]) -> Tensor | None:
        return self.entries

    def after(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.total[step.slot] = step.total
            if step.number + 1 in self.policy.rounds_at(step.total):
                self._round(step.slot, step.number + 1)

    def finish(self, slot: int) -> None:
        rounds, total = self.policy.rounds, self.total[slot]
        held = len(self.policy.rounds_at(total))
        if held < rounds:
            raise NeverActedError(
                f"alora: {counted(total, 'step')} hold {held} of {counted(rounds, 'round')}; train for more "
                f"steps, or choose rounds={rounds}, before={self.policy.before:g} and "
                f"between={self.policy.between:g} anew."
            )
        if len(self.past[slot]) < 2:
            raise NeverActedError(
                f"alora: no rank was moved in {counted(rounds, 'round')}; raise "
                f"headroom={self.policy.headroom}."
            )

    def history(self, slot: int) -> History:
        return tuple(self.past[slot])

    def _round(self, slot: int, done: int) -> None:
        gates, alive, importance = self.gates, self.alive[slot], self._importance(slot, done)
        if not np.isfinite(importance).all():
            return  # the slot has diverged, which its training reports by itself
        pruned = self.policy.pruned or max(1, round(_PRUNED_SHARE * alive.sum()))
        after = moved(
            importance,
            alive,
            self.loaded[slot],
            gates.owner,
            gates.costs,
            pruned=pruned,
            max_params=self.policy.max_params,
        )
        if (after != alive).any():
            self._renew(slot, after & ~alive)
            self._put(slot, after, done)

    def _importance(self, slot: int, done: int) -> np.ndarray:
        """IS of every rank that is on, 0 of the others: (R,)."""
        alive = self.alive[slot]
        draw = named_generator(self.seeds[slot], f"alora.{done}")
        batch = draw.choice(len(self.rows), min(self.policy.batch, len(self.rows)), replace=False)
        only = np.eye(len(alive), dtype=np.float32)[alive]
        settings = torch.from_numpy(np.vstack([alive[None], alive - only, only]))
        settings = settings.to(self.cohort.stacked.values.device)
        losses = rank_losses(self.cohort, slot, settings, self.rows, batch)
        without, alone = np.split(losses[1:], 2)
        importance = np.zeros(len(alive))
        importance[alive] = -losses[0] + without - alone
        return importance

    def _renew(self, slot: int, fresh: np.ndarray) -> None:
        """Starts ranks, (R,) bool, as if they had never been trained."""
        stacked, optimizer = self.cohort.stacked, self.cohort.optimizer
        for index in np.unique(self.gates.owner[fresh]):
            site = self.gates.sites[index]
            rows = self.gates.position[fresh & (self.gates.owner == index)]
            a, b = stacked.slot(f"{site.name}.A", slot), stacked.slot(f"{site.name}.B", slot)
            a[rows] = torch.from_numpy(initial_a(site, len(a), seed=self.seeds[slot])[rows]).to(a)
            b[:, rows] = 0.0
        mark = torch.zeros(self.alive.shape, dtype=torch.bool, device=stacked.values.device)
        others = self.gates.entries(mark)  # the head
        mark[slot] = torch.from_numpy(fresh).to(mark)
        optimizer.forget(self.gates.entries(mark) & ~others)

    def _put(self, slot: int, alive: np.ndarray, done: int) -> None:
        """From now on these ranks, (R,) bool, are on and train."""
        values = self.cohort.stacked.values
        self.alive[slot] = alive
        self.gates.fix(slot, torch.from_numpy(alive * self.size[slot]).to(values))
        self.entries = self.gates.entries(torch.from_numpy(self.alive).to(values.device))
        self.past[slot].append((done, self.gates.allocation(alive)))
