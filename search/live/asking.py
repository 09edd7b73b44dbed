"""What is trained next: the baselines, the proxies' picks, then what samplers come to."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Final, Protocol

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

__all__ = ["Asker", "ConfiguredStandIn", "StandsForOne", "as_asked"]

_SCREEN: Final = 8  # a sampler's suggestions, of which the proxies choose one

_RESTARTS: Final = 64  # random ones that are none either, before the space is taken to be exhausted
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConfiguredStandIn:
    """The configuration that is trained for one that somebody came to, with the scores of its allocation."""

    configuration: Configuration
    scores: tuple[tuple[str, float], ...]


class StandsForOne(Protocol):
    """Anything that says which configuration is trained for the one given, itself or the nearest there is.

    Never one of ``apart_from``; None where no other is left.
    """

    def __call__(
        self,
        scores: Sequence[SiteScores],
        configuration: Configuration,
        *,
        apart_from: Container[Configuration] = (),
    ) -> ConfiguredStandIn | None: ...


def as_asked(
    scores: Sequence[SiteScores], configuration: Configuration, *, apart_from: Container[Configuration] = ()
) -> ConfiguredStandIn | None:
    """The configuration itself, its allocation worth the sum of its sites' scores."""
    if configuration in apart_from:
        return None
    own = configuration.allocation
    return ConfiguredStandIn(configuration, tuple((table.proxy, table.of(own)) for table in scores))


class Asker:
    """Says of trials which is next; no configuration comes twice.

    First the baselines, each at every rate and rule, which do not count as trials; then the proxies' picks,
    the grid of rates and rules going round them; then the samplers in turn, of whose suggestions the best by
    the proxies' mean rank is taken. What a proposer draws depends on its name and the seed alone.

    Args:
        scores: of all sites, by proxy.
        baselines: allocations; those with sites beyond the space are not told to samplers, and ranks above
            the grid are told as its highest, the nearest that a sampler knows.
        picks: allocations, each with the budget it was made for.
        studies: by the samplers' names; each is told of every trial.
        choices: of rates, rules and budgets.
        trials: so many at most, besides the baselines.
        seed: >= 0.
        stands_for: says what is trained for what was asked.
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
        stands_for: StandsForOne = as_asked,
    ) -> None:
        self._scores, self._space = scores, scores[0].space
        self._baselines, self._picks = baselines, picks
        self._studies, self._choices = studies, choices
        self._left, self._seed, self._stands_for = trials, seed, stands_for
        self._known: dict[Configuration, int] = {}
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

    def _of_baselines(self) -> Iterator[LiveTrial]:
        for rate, rule in self._choices.grid:
            for one in self._baselines:
                wanted = Configuration(one.allocation, rate, rule)
                stand_in = self._stand_in(wanted, one)
                if stand_in is not None:
                    yield self._trial(stand_in, one.proposers, one.params, baseline=True)

    def _of_proxies(self) -> Iterator[LiveTrial]:
        grid = self._choices.grid
        order = cycle(chance_of(self._seed, "picks").permutation(len(grid)).tolist())
        for (one, budget), place in zip(self._picks, order, strict=False):
            if not self._left:
                return
            stand_in = self._stand_in(Configuration(one.allocation, *grid[place]), one)
            if stand_in is not None:
                self._left -= 1
                yield self._trial(stand_in, one.proposers, self._params(stand_in), max_params=budget)

    def _of_samplers(self) -> Iterator[LiveTrial]:
        asked = list(self._studies)
        while self._left and asked:
            for name in tuple(asked):
                if not self._left:
                    return
                found = self._screened(self._studies[name])
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
                idea, stand_in = found
                self._left -= 1
                yield self._trial(
                    stand_in,
                    (Proposer(name),),
                    self._params(stand_in),
                    max_params=idea.max_params,
                    origin=(name, idea),
                )

    def _screened(self, study: RunningStudy) -> tuple[Idea, ConfiguredStandIn] | None:
        """The best of some suggestions by the proxies; None where nothing new is found."""
        idea = study.suggest()
        ideas = [idea, *(study.suggest(max_params=idea.max_params) for _ in range(_SCREEN - 1))]
        fresh = [(one, stand_in) for one in ideas if (stand_in := self._fresh(one)) is not None]
        if fresh:
            scores = np.array([[score for _, score in stand_in.scores] for _, stand_in in fresh])
            return fresh[int(np.argmin(rankdata(-scores, axis=0).mean(axis=1)))]
        for _ in range(_RESTARTS):
            idea = study.restart(idea)
            if (stand_in := self._fresh(idea)) is not None:
                return idea, stand_in
        return None

    def _fresh(self, idea: Idea) -> ConfiguredStandIn | None:
        allocation = self._space.allocation(idea.ranks)
        wanted = Configuration(allocation, idea.learning_rate, idea.scaling)
        return self._stands_for(self._scores, wanted, apart_from=self._known)

    def _stand_in(self, wanted: Configuration, of: Proposal) -> ConfiguredStandIn | None:
        """What is trained for what was proposed; None where that is known already."""
        if not of.scores:  # beyond the space, of which nothing can stand for it
            return None if wanted in self._known else ConfiguredStandIn(wanted, ())
        stand_in = self._stands_for(self._scores, wanted)
        return None if stand_in is None or stand_in.configuration in self._known else stand_in

    def _params(self, stand_in: ConfiguredStandIn) -> int:
        return self._space.params(stand_in.configuration.allocation)

    def _trial(
        self,
        stand_in: ConfiguredStandIn,
        proposers: tuple[Proposer, ...],
        params: int,
        *,
        baseline: bool = False,
        max_params: int | None = None,
        origin: tuple[str, Idea] | None = None,
    ) -> LiveTrial:
        """A new trial, told to all samplers. origin: whose idea it was, where it was a sampler's."""
        number, own = len(self._known), stand_in.configuration
        self._known[own] = number
        if self._inside.issuperset(name for name, _ in own.allocation.ranks):
            self._told_of.add(number)
            most = self._choices.max_params if max_params is None else max_params
            idea = Idea(on_grid(own.allocation, self._space), own.learning_rate, own.scaling, most, {})
            for name, study in self._studies.items():
                notes = origin[1].notes if origin is not None and origin[0] == name else {}
                study.begin(number, replace(idea, notes=notes))
        return LiveTrial(number, own, proposers, params, stand_in.scores, baseline=baseline)
