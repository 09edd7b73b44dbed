"""An Optuna sampler beside trials that are still being trained, over allocations and how they are trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from search.allocation.random_allocation import random_ranks
from search.allocation.repair import repair
from spaces.direction import Direction
from spaces.scaling import Rule
from spaces.search_space import SearchSpace

from .quiet_optuna import quiet_optuna
from .samplers import find_sampler

__all__ = ["Alternatives", "Idea", "Outcome", "RunningStudy"]

_LR: Final = "learning_rate."  # no module, and so no site, has a name that ends in a dot
_SCALING: Final = "scaling."
_BUDGET: Final = "budget."


@dataclass(frozen=True, slots=True)
class Alternatives:
    """What is chosen for a trial beside its ranks: learning rate, scaling rule, and a budget in parameters
    between ``least_params`` and ``max_params``, which may be equal."""

    learning_rates: tuple[float, ...]
    scalings: tuple[Rule, ...]
    least_params: int
    max_params: int

    @property
    def grid(self) -> list[tuple[float, Rule]]:
        """Every rate with every rule."""
        return [(rate, rule) for rate in self.learning_rates for rule in self.scalings]


@dataclass(frozen=True, slots=True, eq=False)
class Idea:
    """Ranks that meet a budget, (sites,), of the grid, and how they are to be trained.

    notes: Optuna's system attributes, which must go with the trial; NSGA-II keeps its generation there.
    """

    ranks: np.ndarray
    learning_rate: float
    scaling: Rule
    max_params: int
    notes: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended. values: of all objectives, the first as far as it came. at: by resource, those of
    the first objective where it was judged. pruned: whether it was stopped early."""

    values: tuple[float, ...]
    at: Mapping[int, float]
    pruned: bool


class RunningStudy:
    """An in-memory study whose sampler sees trials as they became, those that are running too; where nothing
    is trained, each ends when it begins.

    It is asked about one trial again and again, which waits for ever, and which every sampler ignores; what
    became of an idea is a trial of its own, and so are those that others asked for. To ask Optuna for a trial
    each time gives the same ideas, but leaves eight trials that failed for each that is trained, and compares
    what there is to choose anew with all that ended since the oldest that is running began: with 128 running
    that was two thirds of the driver's work.

    Args:
        sampler: its name in ``SAMPLERS``.
        space: the sites and the ranks.
        choices: what else there is to choose.
        directions: of the objectives.
        rng: all that the sampler and the repair draw.
    """

    def __init__(
        self,
        sampler: str,
        space: SearchSpace,
        choices: Alternatives,
        *,
        directions: Sequence[Direction],
        rng: np.random.Generator,
    ) -> None:
        self._space, self._choices, self._rng = space, choices, rng
        self._directions = list(directions)
        self._sampler = find_sampler(sampler)
        self._reads_pruned = self._sampler.reads_pruned and len(directions) == 1
        ranks = CategoricalDistribution(space.ranks)
        self._distributions: dict[str, BaseDistribution] = {site.name: ranks for site in space.sites}
        self._distributions[_LR] = CategoricalDistribution(choices.learning_rates)
        self._distributions[_SCALING] = CategoricalDistribution(choices.scalings)
        least, most = choices.least_params, choices.max_params
        self._distributions[_BUDGET] = FloatDistribution(least, most, log=True)
        ordered = sorted(self._distributions.items())  # as Optuna orders what it draws at once
        self._open = {name: one for name, one in ordered if not one.single()}
        self._settled = {name: _only(one) for name, one in ordered if one.single()}
        self._told: list[tuple[Idea, Outcome]] = []
        self._running: dict[int, tuple[Idea, int]] = {}  # by a trial's number: what, and its number here
        self._begin()

    def suggest(self, *, max_params: int | None = None) -> Idea:
        """The sampler's next idea, repaired; within a budget of its own, unless one is given."""
        study, sampler = self.study, self.study.sampler
        at_once = sampler.sample_relative(study, self._asked, self._open)  # all, of most samplers
        drawn = self._settled | at_once
        for name, distribution in self._distributions.items():
            if name not in drawn:
                drawn[name] = sampler.sample_independent(study, self._asked, name, distribution)
        ranks = np.array([drawn[site.name] for site in self._space.sites])
        rule = next(one for one in self._choices.scalings if one == drawn[_SCALING])
        budget = round(drawn[_BUDGET]) if max_params is None else max_params
        notes = {} if self._sampler.note is None else self._noted()
        return Idea(self._fitting(ranks, budget), drawn[_LR], rule, budget, notes)

    def restart(self, like: Idea) -> Idea:
        """Random ranks, a rate and a rule, in place of an idea that cannot be used; within its budget."""
        rate, rule = self._choices.grid[int(self._rng.integers(len(self._choices.grid)))]
        ranks = self._fitting(random_ranks(self._space, rng=self._rng), like.max_params)
        return replace(like, ranks=ranks, learning_rate=rate, scaling=rule)

    def begin(self, number: int, idea: Idea) -> None:
        """A trial of this number is trained from now on; the sampler notes on one of others what it notes on
        its own."""
        if self._sampler.note is not None and not idea.notes:
            self._sampler.note(self.study.sampler, self.study, self._asked)
            idea = replace(idea, notes=self._noted())
        self._running[number] = (idea, self._add(idea, None))

    def end(self, number: int, outcome: Outcome | None) -> None:
        """That trial is over; None where it failed."""
        idea, here = self._running.pop(number)
        self.study.tell(here, state=TrialState.FAIL)
        if outcome is None:
            return
        self._told.append((idea, outcome))
        self._add(idea, outcome)
        if len(self._told) == self._sampler.window:
            self._told = self._told[self._sampler.window // 2 :]
            self._begin()

    def _noted(self) -> dict[str, object]:
        """What the sampler noted on the trial that it is asked about."""
        return dict(self.study.get_trials(deepcopy=False)[self._asked.number].system_attrs)

    def _fitting(self, ranks: np.ndarray, budget: int) -> np.ndarray:
        return repair(ranks, self._space, budget, rng=self._rng)

    def _begin(self) -> None:
        """A new study with what is told and what is running so far."""
        with quiet_optuna():
            sampler = self._sampler.make(int(self._rng.integers(2**32)))
            self.study = optuna.create_study(directions=self._directions, sampler=sampler)
        self.study.add_trial(create_trial(state=TrialState.WAITING))
        (self._asked,) = self.study.get_trials(deepcopy=False)
        self._places = count(1)  # the numbers of those that are added to it
        for told in self._told:
            self._add(*told)
        self._running = {number: (idea, self._add(idea, None)) for number, (idea, _) in self._running.items()}

    def _add(self, idea: Idea, outcome: Outcome | None) -> int:
        """Its number in the study. outcome: None while it is running."""
        params = {site.name: int(rank) for site, rank in zip(self._space.sites, idea.ranks, strict=True)}
        pruned = outcome is not None and outcome.pruned and self._reads_pruned
        ended = TrialState.PRUNED if pruned else TrialState.COMPLETE
        self.study.add_trial(
            create_trial(
                state=TrialState.RUNNING if outcome is None else ended,
                values=None if outcome is None else list(outcome.values),
                params={
                    **params,
                    _LR: idea.learning_rate,
                    _SCALING: idea.scaling,
                    _BUDGET: float(idea.max_params),
                },
                distributions=self._distributions,
                system_attrs=dict(idea.notes),
                intermediate_values=dict(outcome.at) if outcome is not None else None,
            )
        )
        return next(self._places)


def _only(distribution: BaseDistribution) -> Any:
    """The value of one that leaves no choice."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[0]
    assert isinstance(distribution, FloatDistribution), "there are no others here"
    return distribution.low
