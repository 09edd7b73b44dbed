"""TPE that works out its densities once for all suggestions between which nothing was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial

if TYPE_CHECKING:  # Optuna's own, which another version may have elsewhere
    from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator

__all__ = ["RememberingTPE"]

_Key = tuple[tuple[str, ...], tuple[int, ...]]  # what is drawn, and by which trials


class RememberingTPE(TPESampler):
    """Optuna's sampler beside running trials, which it takes for bad ones (the constant liar), so that none
    is like them; for one study. It suggests the same as without its memory.

    To turn all trials into arrays is most of a suggestion, and grows with those that are running. What a
    trial trains never changes, so that densities of the same trials are the same. Where a later Optuna does
    not ask for them in this way they are worked out each time.

    seed: of all that it draws.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed=seed, multivariate=True, constant_liar=True)
        self._remembered: dict[bool, tuple[_Key, _ParzenEstimator]] = {}  # of the good trials, and the others

    def _build_parzen_estimator(
        self,
        study: Study,
        search_space: dict[str, BaseDistribution],
        trials: list[FrozenTrial],
        handle_below: bool,
    ) -> _ParzenEstimator:
        key = tuple(search_space), tuple(trial.number for trial in trials)
        if handle_below not in self._remembered or self._remembered[handle_below][0] != key:
            density = super()._build_parzen_estimator(study, search_space, trials, handle_below)
            self._remembered[handle_below] = key, density
        return self._remembered[handle_below][1]
