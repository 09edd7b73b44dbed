"""Proposing allocations: every proxy with every allocator, then Optuna's samplers over the scores."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from proxies.site_scores import SiteScores
from search.allocation.registry import SCORE_FREE, find_allocator
from search.allocation.spend import chance_of, spend
from search.allocation.uniform import uniform_allocation
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.search_space import SearchSpace

from .configuration import Configuration
from .proposer import UNIFORM, Proposer
from .running_study import Alternatives, Idea, Outcome, RunningStudy
from .samplers import find_sampler

__all__ = ["Proposal", "StandIn", "StandsFor", "as_proposed", "on_grid", "proposals_in_all", "propose"]

_REDRAWS = 8  # suggestions asked for before a repeat is given up
_RESTARTS = 64  # random vectors tried before the space is taken to be exhausted
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An allocation that somebody proposed.

    proposers: everybody who came to this allocation, the first one first.
    params: what its wires cost, in parameters. scores: (proxy name, score), larger is better.
    configuration: where it is more than the allocation that was chosen. trial: its number, where it was one
    of a live search.
    """

    allocation: Allocation
    proposers: tuple[Proposer, ...]
    params: int
    scores: tuple[tuple[str, float], ...]
    configuration: Configuration | None = None
    trial: int | None = None

    @property
    def proposer(self) -> str:
        """The names of all proposers, joined by ``+``, to be read."""
        return "+".join(map(str, self.proposers))

    @property
    def name(self) -> str:
        """The first proposer, and how it is trained where that was chosen too."""
        first = str(self.proposers[0])
        return first if self.configuration is None else f"{first} ({self.configuration.how})"


@dataclass(frozen=True, slots=True)
class StandIn:
    """The allocation that stands for one that somebody came to, with its scores as in ``Proposal``."""

    allocation: Allocation
    scores: tuple[tuple[str, float], ...]


class StandsFor(Protocol):
    """Anything that says which allocation stands for the one given, itself or the nearest there is.

    Never one of ``apart_from``; None where no other is left.
    """

    def __call__(
        self,
        scores: Sequence[SiteScores],
        allocation: Allocation,
        *,
        apart_from: Container[Allocation] = (),
    ) -> StandIn | None: ...


def as_proposed(
    scores: Sequence[SiteScores], allocation: Allocation, *, apart_from: Container[Allocation] = ()
) -> StandIn | None:
    """The allocation itself, worth the sum of its sites' scores."""
    if allocation in apart_from:
        return None
    return StandIn(allocation, tuple((table.proxy, table.of(allocation)) for table in scores))


def propose(
    scores: Sequence[SiteScores],
    *,
    max_params: int,
    allocators: Sequence[str],
    samplers: Sequence[str],
    trials: int,
    seed: int,
    usual: Sequence[tuple[Proposer, Allocation]] = (),
    stands_for: StandsFor = as_proposed,
    on_proposal: Callable[[Proposal], None] | None = None,
) -> list[Proposal]:
    """Distinct allocations within ``max_params`` (parameters), the uniform one first.

    Then the usual ones, one per (proxy, allocator), ``random`` once since it heeds no proxy, and ``trials``
    per sampler, which maximises the proxies' scores (all of them at once where there are several).
    Allocators that come to the same allocation share one proposal; samplers never repeat one, and
    stop early, with a log line, once the space looks exhausted.

    Args:
        scores: one or more, of one space.
        max_params: the budget of every allocation, in parameters.
        allocators, samplers: by name.
        trials: of each sampler.
        seed: >= 0; each proposer's chance depends on it and on its own name only.
        usual: allocations of the space that somebody comes to without any score.
        stands_for: says which allocation stands for each that is proposed; for a sampler's, one that nobody
            proposed before, and the sampler learns of it alone.
        on_proposal: called ``proposals_in_all`` times, with the shared proposal where there is one.

    Raises UsageError on an unknown allocator or sampler, or a budget below the cheapest site.
    """
    _check(scores, trials)
    asked = _besides_uniform(allocators)
    for name in asked:
        find_allocator(name)
    for name in samplers:
        find_sampler(name)
    proposals = _Proposals(scores, max_params, stands_for, on_proposal)
    proposals.propose(UNIFORM, uniform_allocation(proposals.space, max_params))
    for proposer, allocation in usual:
        proposals.propose(proposer, allocation)
    for name in asked:
        if name in SCORE_FREE:
            proposals.propose(Proposer(name), spend(scores[0], name, max_params=max_params, seed=seed))
    for table in scores:
        for name in [name for name in asked if name not in SCORE_FREE]:
            pick = spend(table, name, max_params=max_params, seed=seed)
            proposals.propose(Proposer(name, proxy=table.proxy), pick)
    objectives = [table for table in scores if table.point != "none"] or [scores[0]]
    choices = Alternatives((1.0,), ("alpha/r",), max_params, max_params)  # ranks are all there is to choose
    for name in dict.fromkeys(samplers):
        rng = chance_of(seed, f"sampler {name}")
        study = RunningStudy(
            name, proposals.space, choices, directions=["maximize"] * len(objectives), rng=rng
        )
        _sample(study, name, trials, objectives, proposals)
    return proposals.so_far


def proposals_in_all(
    *, usual: int, proxies: int, allocators: Sequence[str], samplers: Sequence[str], trials: int
) -> int:
    """How many ``propose`` comes to, the uniform one among them and those that are the same counted each.

    usual: how many usual ones. trials: of each sampler; one that stops early has fewer.
    """
    asked = _besides_uniform(allocators)
    free = len(SCORE_FREE.intersection(asked))
    return 1 + usual + free + proxies * (len(asked) - free) + trials * len(set(samplers))


def _besides_uniform(allocators: Sequence[str]) -> list[str]:
    """Each once; the uniform allocation is proposed whoever is asked."""
    return [name for name in dict.fromkeys(allocators) if name != UNIFORM.name]


def _check(scores: Sequence[SiteScores], trials: int) -> None:
    names = [table.proxy for table in scores]
    if not names or len(set(names)) != len(names) or any(table.space != scores[0].space for table in scores):
        raise ValueError(
            f"scores of {names} must be of one or more proxies, each once, over one space; "
            "give a proxy at two points two names, and score them on the same SearchSpace."
        )
    if trials < 0:
        raise ValueError(f"trials={trials} must be >= 0; pass 0 to do without samplers.")


@dataclass(slots=True)
class _Proposals:
    """The proposals so far, each allocation once."""

    scores: Sequence[SiteScores]
    max_params: int
    stands_for: StandsFor
    on_proposal: Callable[[Proposal], None] | None
    so_far: list[Proposal] = field(default_factory=list)
    _place: dict[Allocation, int] = field(default_factory=dict)

    @property
    def space(self) -> SearchSpace:
        return self.scores[0].space

    def fresh(self, ranks: np.ndarray) -> StandIn | None:
        """What stands for these ranks, (sites,), and is not among the proposals; None where nothing does."""
        return self.stands_for(self.scores, self.space.allocation(ranks), apart_from=self._place)

    def propose(self, proposer: Proposer, allocation: Allocation) -> None:
        """Writes down what stands for an allocation."""
        stand_in = self.stands_for(self.scores, allocation)
        assert stand_in is not None, f"nothing stands for what {proposer} proposed"
        self.add(proposer, stand_in)

    def add(self, proposer: Proposer, stand_in: StandIn) -> None:
        """Writes a proposal down; one that is there already gets the proposer's name as well."""
        allocation = stand_in.allocation
        if allocation in self._place:
            place = self._place[allocation]
            earlier = self.so_far[place]
            proposal = replace(earlier, proposers=(*earlier.proposers, proposer))
            self.so_far[place] = proposal
        else:
            params = self.space.params(allocation)
            assert params <= self.max_params, f"{proposer} spent {params:,} of {self.max_params:,}"
            proposal = Proposal(allocation, (proposer,), params, stand_in.scores)
            self._place[allocation] = len(self.so_far)
            self.so_far.append(proposal)
        if self.on_proposal:
            self.on_proposal(proposal)


def _sample(
    study: RunningStudy, name: str, trials: int, objectives: Sequence[SiteScores], proposals: _Proposals
) -> None:
    """Adds up to ``trials`` new proposals of one sampler, and tells it what each was worth."""
    for done in range(trials):
        found = _fresh(study, proposals)
        if found is None:
            _log.warning(
                "%s: stopped after %d of %s, no new allocation was found in %s; the space "
                "within the budget is (nearly) exhausted.",
                name,
                done,
                counted(trials, "proposal"),
                counted(_REDRAWS + _RESTARTS, "try", "tries"),
            )
            return
        idea, stand_in = found
        proposals.add(Proposer(name), stand_in)
        worth = dict(stand_in.scores)
        study.begin(done, replace(idea, ranks=on_grid(stand_in.allocation, proposals.space)))
        study.end(done, Outcome(tuple(worth[table.proxy] for table in objectives), {}, pruned=False))


def _fresh(study: RunningStudy, proposals: _Proposals) -> tuple[Idea, StandIn] | None:
    """An idea and what stands for it, no repeat: the sampler's, else a random one, else None."""
    for _ in range(_REDRAWS):
        idea = study.suggest()
        if (stand_in := proposals.fresh(idea.ranks)) is not None:
            return idea, stand_in
    for _ in range(_RESTARTS):
        idea = study.restart(idea)
        if (stand_in := proposals.fresh(idea.ranks)) is not None:
            return idea, stand_in
    return None


def on_grid(allocation: Allocation, space: SearchSpace) -> np.ndarray:
    """The ranks of all sites, those off the grid down to it: (sites,), as a sampler can be told them."""
    grid = np.array(space.ranks)
    return np.asarray(grid[np.searchsorted(grid, space.rank_vector(allocation), side="right") - 1])
