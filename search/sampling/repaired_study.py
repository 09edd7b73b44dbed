"""An Optuna sampler over the allocations that meet a budget: ask, repair, tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.allocation.random_allocation import random_ranks
from search.allocation.repair import repair
from spaces.search_space import SearchSpace

__all__ = ["RepairedStudy", "Suggestion", "quiet_optuna"]

_verbosity = threading.Lock()


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keeps Optuna from announcing each study on stderr; its warnings still show."""
    with _verbosity:
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))
        try:
            yield
        finally:
            optuna.logging.set_verbosity(before)


@dataclass(frozen=True, slots=True, eq=False)
class Suggestion:
    """Ranks that meet the budget, (sites,), and the sampler's notes that must go with the trial.

    notes: Optuna's system attributes of the asked trial; NSGA-II keeps its generation there.
    """

    ranks: np.ndarray
    notes: dict[str, object]


class RepairedStudy:
    """An in-memory study whose sampler sees only repaired rank vectors, never what it asked for.

    The asked trial is marked as failed, which every sampler ignores, and the repaired vector is added
    as a complete trial of its own; so the sampler learns what its suggestion became.

    make: the sampler from a seed. window: told trials that a sampler looks back on, at most: where there are
    so many, a new one goes on with the later half of them. None: it looks back on all.
    """

    def __init__(
        self,
        space: SearchSpace,
        max_params: int,
        *,
        objectives: int,
        make: Callable[[int], BaseSampler],
        rng: np.random.Generator,
        window: int | None = None,
    ) -> None:
        self._space = space
        self._max_params = max_params
        self._rng = rng
        ranks = CategoricalDistribution(space.ranks)
        self._distributions = {site.name: ranks for site in space.sites}
        self._make, self._window = make, window
        self._directions = [StudyDirection.MAXIMIZE] * objectives
        self._told: list[FrozenTrial] = []
        self._begin()

    def _begin(self) -> None:
        """A new study with what is told so far."""
        with quiet_optuna():
            sampler = self._make(int(self._rng.integers(2**32)))
            self.study = optuna.create_study(directions=self._directions, sampler=sampler)
            self.study.add_trials(self._told)

    def suggest(self) -> Suggestion:
        """The sampler's next idea, repaired."""
        trial = self.study.ask()
        joint = trial.relative_params  # most samplers draw all sites at once
        asked = [
            joint[name] if name in joint else trial.suggest_categorical(name, self._space.ranks)
            for name in self._distributions
        ]
        notes = self.study.tell(trial, state=TrialState.FAIL).system_attrs
        return Suggestion(repair(np.array(asked), self._space, self._max_params, rng=self._rng), dict(notes))

    def restart(self, like: Suggestion) -> Suggestion:
        """Random ranks, repaired, in place of a suggestion that cannot be used."""
        ranks = random_ranks(self._space, rng=self._rng)
        return Suggestion(repair(ranks, self._space, self._max_params, rng=self._rng), like.notes)

    def tell(self, suggestion: Suggestion, values: Sequence[float]) -> None:
        """Reports a suggestion's objectives, larger is better: (objectives,)."""
        names = self._distributions
        trial = create_trial(
            values=list(values),
            params=dict(zip(names, suggestion.ranks.tolist(), strict=True)),
            distributions=dict(names),
            system_attrs=suggestion.notes,
        )
        self._told.append(trial)
        self.study.add_trial(trial)
        if len(self._told) == self._window:
            self._told = self._told[self._window // 2 :]
            self._begin()
