"""What a user would write today: an Optuna study over ranks, rate and scaling, every trial trained wholly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from benchmarks.contest import Contest
from search.sampling.configuration import Configuration
from search.sampling.quiet_optuna import quiet_optuna
from spaces.search_space import SearchSpace

from .ended_trial import EndedTrial

__all__ = ["USER_SAMPLERS", "WholeTraining", "WhollyTrained", "fitted", "user_search"]

USER_SAMPLERS: Final[Mapping[str, Callable[[int], BaseSampler]]] = {
    "tpe": lambda seed: TPESampler(seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
}
"""As Optuna has them."""


@dataclass(frozen=True, slots=True)
class WhollyTrained:
    """How a whole training ended. loss, metric: None where they are not finite."""

    loss: float | None
    metric: float | None
    seconds: float


class WholeTraining(Protocol):
    """Anything that trains a configuration to the end, or knows what that gives."""

    def __call__(self, configuration: Configuration, /) -> WhollyTrained: ...


def fitted(ranks: np.ndarray, space: SearchSpace, max_params: int) -> np.ndarray:
    """Ranks times the largest common factor with which they, rounded down to the grid, meet the budget.

    ranks: (sites,) of the grid. Where none is above 0, every site is taken to have asked for the same. Raises
    ValueError where not even the sites that ask for most fit at the lowest rank.

    >>> from spaces import Site, Tap
    >>> tap = Tap("block", "in")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 4, 4, tap, tap) for i in (0, 1))
    >>> fitted(np.array([8, 2]), SearchSpace(sites, (0, 1, 2, 4)), 8 * 4).tolist()
    [2, 0]
    """
    grid = np.array(space.ranks)
    asked = ranks if ranks.any() else np.ones_like(ranks)
    highest = np.searchsorted(grid, space.highest)
    factors = np.unique(grid[1:, None] / asked[asked > 0])[::-1]
    for factor in factors:
        columns = np.searchsorted(grid, asked * factor * (1 + 1e-9), side="right") - 1
        found = grid[np.minimum(columns, highest)]
        if space.params(space.allocation(found)) <= max_params:
            return np.asarray(found)
    raise ValueError(
        f"max_params={max_params:,} is too small for the sites that ask for most, at rank {grid[1]}."
    )


def user_search(contest: Contest, *, sampler: str, seed: int, train: WholeTraining) -> Iterator[EndedTrial]:
    """Trials without end, as they end, one after the other; equal ones whenever ``train`` gives the same.

    Each site's rank is a category of the grid, as are rate and rule. What a trial asks for is fitted to the
    budget, and the sampler is told the validation loss of that.

    Args:
        contest: what is chosen of, and the budget.
        sampler: a name in ``USER_SAMPLERS``.
        seed: of the sampler.
        train: trains a trial.
    """
    space, setting = contest.space, contest.setting
    with quiet_optuna():
        study = optuna.create_study(sampler=USER_SAMPLERS[sampler](seed))
    seconds, done = 0.0, 0
    while True:
        trial = study.ask()
        ranks = np.array([trial.suggest_categorical(site.name, space.ranks) for site in space.sites])
        rate = trial.suggest_categorical("learning_rate", setting.rates)
        rule = trial.suggest_categorical("scaling", setting.scalings)
        own = Configuration(space.allocation(fitted(ranks, space, contest.max_params)), rate, rule)
        trained = train(own)
        if trained.loss is None:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, trained.loss)
        seconds, done = seconds + trained.seconds, done + contest.steps
        yield EndedTrial(own, trained.loss, trained.metric, done, seconds, contest.steps, trained.seconds)
