"""What is trained next: the baselines, the proxies' picks, then what samplers come to."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Final

import numpy as np
from scipy.stats import rankdata

from proxies.site_scores import SiteScores
from search.allocation.spend import chance_of
from search.sampling.configuration import Configuration
from search.sampling.proposals import Proposal, on_grid
from search.sampling.proposer import Proposer
from search.sampling.running_study import Alternatives, Idea, Outcome, RunningStudy
from spaces.counted import counted

from .live_trial import LiveTrial

__all__ = ["Asker"]

_SCREEN: Final = 8  # a sampler's suggestions, of which the proxies choose one

_RESTARTS: Final = 64  # random ones that are none either, before the space is taken to be exhausted
_log = logging.getLogger(__name__)


class Asker:
    """Says of trials which is next; no configuration comes twice.

    First the baselines, each at every rate and rule, which do not count as trials; then the proxies' picks,
    the grid of rates and rules going round them; then the samplers in turn, of whose suggestions the best by
    the proxies' mean rank is taken. What a proposer draws depends on its name and the seed alone.

    Args:
        scores: of all sites, by proxy.
        baselines: allocations; those with sites beyond the space are not told to samplers, and ranks off the
            grid are told as the next lower ones on it.
        picks: allocations, each with the budget it was made for.
        studies: by the samplers' names; each is told of every trial.
        choices: of rates, rules and budgets.
        trials: so many at most, besides the baselines.
        seed: >= 0.
    """

    def __init__(
        self,
        scores: Sequence[SiteScores],
        *,
        baselines: Sequence[Proposal],
        picks: Sequence[tuple[Proposal, int]],
        studies: dict[str, RunningStudy],
        choices: Alternatives,
        trials: int,
        seed: int,
    ) -> None:
        self._scores, self._space = scores, scores[0].space
        self._baselines, self._picks = baselines, picks
        self._studies, self._choices = studies, choices
        self._trials = self._left = trials
        self._seed = seed
        self._known: set[Configuration] = set()
        self._told_of: set[int] = set()  # numbers of those that samplers know
        self._inside = {site.name for site in self._space.sites}
        self._coming = self._all()

    def ask(self) -> LiveTrial | None:
        """The next trial, which the samplers take for running from now on; None where there is no other."""
        return next(self._coming, None)

    def tell(self, trial: LiveTrial, outcome: Outcome | None) -> None:
        """A trial is over. outcome: None where it failed."""
        if trial.number in self._told_of:
            for study in self._studies.values():
                study.end(trial.number, outcome)

    def _all(self) -> Iterator[LiveTrial]:
        yield from self._of_baselines()
        yield from self._of_proxies()
        yield from self._of_samplers()
        if self._left:
            _log.warning(
                "stopped after %d of %s besides the baselines, nobody has another configuration; more "
                "proxies, allocators or samplers may have more.",
                self._trials - self._left,
                counted(self._trials, "trial"),
            )

    def _of_baselines(self) -> Iterator[LiveTrial]:
        for rate, rule in self._choices.grid:
            for one in self._baselines:
                wanted = Configuration(one.allocation, rate, rule)
                if wanted not in self._known:
                    yield self._trial(wanted, one, baseline=True)

    def _of_proxies(self) -> Iterator[LiveTrial]:
        grid = self._choices.grid
        order = cycle(chance_of(self._seed, "picks").permutation(len(grid)).tolist())
        for (one, budget), place in zip(self._picks, order, strict=False):
            if not self._left:
                return
            wanted = Configuration(one.allocation, *grid[place])
            if wanted not in self._known:
                self._left -= 1
                yield self._trial(wanted, one, max_params=budget)

    def _of_samplers(self) -> Iterator[LiveTrial]:
        asked = list(self._studies)
        while self._left and asked:
            for name in tuple(asked):
                if not self._left:
                    return
                found = self._screened(name)
                if found is None:
                    asked.remove(name)
                    tries = counted(_SCREEN + _RESTARTS, "try", "tries")
                    _log.warning(
                        "%s: stopped, no new configuration was found in %s; the space within the budget is "
                        "(nearly) exhausted.",
                        name,
                        tries,
                    )
                    continue
                idea, proposal = found
                self._left -= 1
                wanted = Configuration(proposal.allocation, idea.learning_rate, idea.scaling)
                yield self._trial(wanted, proposal, max_params=idea.max_params, origin=(name, idea))

    def _screened(self, name: str) -> tuple[Idea, Proposal] | None:
        """The best of a sampler's suggestions by the proxies; None where nothing new is found."""
        study = self._studies[name]
        idea = study.suggest()
        ideas = [idea, *(study.suggest(max_params=idea.max_params) for _ in range(_SCREEN - 1))]
        fresh = [(one, proposal) for one in ideas if (proposal := self._fresh(one, name)) is not None]
        if fresh:
            scores = np.array([[score for _, score in proposal.scores] for _, proposal in fresh])
            return fresh[int(np.argmin(rankdata(-scores, axis=0).mean(axis=1)))]
        for _ in range(_RESTARTS):
            idea = study.restart(idea)
            if (proposal := self._fresh(idea, name)) is not None:
                return idea, proposal
        return None

    def _fresh(self, idea: Idea, name: str) -> Proposal | None:
        """What a sampler came to; None where somebody has come to the same configuration before."""
        own = self._space.allocation(idea.ranks)
        if Configuration(own, idea.learning_rate, idea.scaling) in self._known:
            return None
        scores = tuple((table.proxy, table.of(own)) for table in self._scores)
        return Proposal(own, (Proposer(name),), self._space.params(own), scores)

    def _trial(
        self,
        own: Configuration,
        proposal: Proposal,
        *,
        baseline: bool = False,
        max_params: int | None = None,
        origin: tuple[str, Idea] | None = None,
    ) -> LiveTrial:
        """A new trial, told to all samplers. origin: whose idea it was, where it was a sampler's."""
        number = len(self._known)
        self._known.add(own)
        if self._inside.issuperset(name for name, _ in own.allocation.ranks):
            self._told_of.add(number)
            most = self._choices.max_params if max_params is None else max_params
            idea = Idea(on_grid(own.allocation, self._space), own.learning_rate, own.scaling, most, {})
            for name, study in self._studies.items():
                notes = origin[1].notes if origin is not None and origin[0] == name else {}
                study.begin(number, replace(idea, notes=notes))
        return LiveTrial(number, own, proposal.proposers, proposal.params, proposal.scores, baseline=baseline)
