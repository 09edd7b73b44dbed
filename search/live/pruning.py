"""Who goes on at a rung: Optuna's pruners, in studies of this process alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, SuccessiveHalvingPruner

from search.sampling.repaired_study import quiet_optuna
from spaces.direction import Direction
from spaces.unknown_name import unknown_name

from .ladder import Ladder
from .live_trial import LiveTrial

__all__ = ["PRUNERS", "Competition", "find_pruner"]


def _halving(ladder: Ladder) -> BasePruner:
    """Asynchronous successive halving: Li et al., MLSys 2020 (arXiv:1810.05934), algorithm 2."""
    return SuccessiveHalvingPruner(min_resource=1, reduction_factor=ladder.eta)


def _hyperband(ladder: Ladder) -> BasePruner:
    """Some trials are judged later than others, for the sake of those that begin slowly: Li et al., JMLR 18
    (2018); a trial's number says in which bracket it is."""
    return HyperbandPruner(min_resource=1, max_resource=ladder.waves, reduction_factor=ladder.eta)


PRUNERS: Final[Mapping[str, Callable[[Ladder], BasePruner]]] = {
    "halving": _halving,
    "hyperband": _hyperband,
}
_STUDY: Final = "rankscape"  # Hyperband draws brackets by this name and a trial's number


def find_pruner(name: str) -> Callable[[Ladder], BasePruner]:
    """Builds the pruner of that name; raises UsageError on an unknown name."""
    if name not in PRUNERS:
        raise unknown_name("pruner", name, PRUNERS)
    return PRUNERS[name]


class Competition:
    """Says of trials at their rungs who goes on, by what all came to who stood there before.

    A trial that is the best baseline so far at its rung always goes on, so that the baseline's learning rate
    is chosen as well as a winner's.

    Args:
        pruner: its name.
        ladder: of the rungs.
        direction: in which a trial's value is better.
        apart: None where all trials compete; else the largest number of parameters, and only trials of like
            size compete: from half of it up, from a quarter up, and so on. Over several objectives the value
            alone would stop whatever is small.
    """

    def __init__(
        self, pruner: str, ladder: Ladder, direction: Direction, *, apart: int | None = None
    ) -> None:
        self._make = find_pruner(pruner) if ladder.eta else lambda _: NopPruner()
        self._ladder, self._direction, self._apart = ladder, direction, apart
        self._studies: dict[int, optuna.Study] = {}
        self._entered: dict[int, optuna.Trial] = {}
        self._best: dict[tuple[int, int], float] = {}  # of the baselines, by size and rung

    def enter(self, trial: LiveTrial) -> None:
        """A trial takes part; to be called in the order of their numbers."""
        size = self._size(trial)
        if size not in self._studies:
            with quiet_optuna():
                pruner = self._make(self._ladder)
                self._studies[size] = optuna.create_study(
                    study_name=_STUDY, direction=self._direction, pruner=pruner
                )
        self._entered[trial.number] = self._studies[size].ask()

    def goes_on(self, trial: LiveTrial) -> bool:
        """Whether a trial with a new report is trained further; asked once for each of its rungs."""
        report, own = trial.reports[-1], self._entered[trial.number]
        own.report(report.value, self._ladder.resources[report.rung])
        leads = trial.baseline and self._leads_baselines(trial)
        return not own.should_prune() or leads

    def _size(self, trial: LiveTrial) -> int:
        return 0 if self._apart is None else math.floor(math.log2(self._apart / trial.params) + 1e-9)

    def _leads_baselines(self, trial: LiveTrial) -> bool:
        """Whether a baseline is the best that came to this rung; remembers it."""
        report, place = trial.reports[-1], (self._size(trial), trial.reports[-1].rung)
        sign = 1 if self._direction == "maximize" else -1
        leads = place not in self._best or sign * report.value > sign * self._best[place]
        if leads:
            self._best[place] = report.value
        return leads
