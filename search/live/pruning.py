"""Who goes on at a rung: Optuna's pruners, in studies of this process alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, SuccessiveHalvingPruner

from search.sampling.repaired_study import quiet_optuna
from spaces.direction import Direction, sign_of
from spaces.unknown_name import unknown_name

from .ladder import Ladder
from .like_size import size_class
from .live_trial import LiveTrial

__all__ = ["PRUNERS", "Competition", "find_pruner"]


def _halving(ladder: Ladder) -> BasePruner:
    r"""At each rung the best of eta go on, judged beside all that stood there before.

    .. math:: \text{rungs at } \eta^{-k}, \ldots, \eta^{-1}, 1 \text{ of the steps}; \qquad
       \text{on goes whoever is among the best } 1 / \eta

    Source: asynchronous successive halving, Li et al., MLSys 2020 (arXiv:1810.05934), algorithm 2; Optuna's
    ``SuccessiveHalvingPruner``.
    """
    return SuccessiveHalvingPruner(min_resource=1, reduction_factor=ladder.eta)


def _hyperband(ladder: Ladder) -> BasePruner:
    r"""Halving in several brackets: some trials are judged later than others, for the sake of those that
    begin slowly; a trial's number says in which bracket it is.

    .. math:: \text{bracket } s = 0, 1, \ldots \text{ has its first rung } \eta^{s} \text{ times as late}

    Source: Hyperband, Li et al., JMLR 18, 2018 (arXiv:1603.06560); Optuna's ``HyperbandPruner``.
    """
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
    is chosen as well as a winner's; so does the best of the others, so that there is somebody to compare.

    Args:
        pruner: its name.
        ladder: of the rungs.
        direction: in which a trial's value is better.
        apart: None where all trials compete; else the largest number of parameters, and only trials of like
            size compete, as ``size_class`` says. Over several objectives the value alone would stop whatever
            is small.
    """

    def __init__(
        self, pruner: str, ladder: Ladder, direction: Direction, *, apart: int | None = None
    ) -> None:
        self._make = find_pruner(pruner) if ladder.eta else lambda _: NopPruner()
        self._ladder, self._direction, self._apart = ladder, direction, apart
        self._studies: dict[int, optuna.Study] = {}
        self._entered: dict[int, optuna.Trial] = {}
        self._best: dict[tuple[int, int, bool], float] = {}  # by size, rung, and whether it is a baseline

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
        """Whether a trial that came to its rung alone is trained further; see ``going_on``."""
        return trial.number in self.going_on([trial])

    def going_on(self, judged: Sequence[LiveTrial]) -> set[int]:
        """Numbers of those that are trained further, of trials that were judged together and are not at
        their end; each with a new report.

        Those of one rung are asked about in ``_turns``, so that the best of them go on, about one of eta.
        """
        places: dict[tuple[int, int], list[LiveTrial]] = {}
        for trial in judged:
            places.setdefault((self._size(trial), trial.reports[-1].rung), []).append(trial)
        sign = sign_of(self._direction)
        found: set[int] = set()
        for place, trials in places.items():
            best_first = sorted(trials, key=lambda one: (-sign * one.reports[-1].value, one.number))
            going = {one.number for one in _turns(best_first, self._ladder.eta) if self._asked(one)}
            found |= going | self._leading(place, best_first)
        return found

    def _asked(self, trial: LiveTrial) -> bool:
        """Whether Optuna lets it go on."""
        report, own = trial.reports[-1], self._entered[trial.number]
        own.report(report.value, self._ladder.resources[report.rung])
        return not own.should_prune()

    def _size(self, trial: LiveTrial) -> int:
        return 0 if self._apart is None else size_class(trial.params, self._apart)

    def _leading(self, place: tuple[int, int], best_first: Sequence[LiveTrial]) -> set[int]:
        """The best of the baselines and the best of the others, where none of its kind was better at this
        place before; remembers them."""
        found, sign = set(), sign_of(self._direction)
        for baseline in (True, False):
            best = next((one for one in best_first if one.baseline == baseline), None)
            if best is None:
                continue
            value, kind = best.reports[-1].value, (*place, baseline)
            if kind not in self._best or sign * value > sign * self._best[kind]:
                self._best[kind] = value
                found.add(best.number)
        return found


def _turns(best_first: Sequence[LiveTrial], eta: int) -> list[LiveTrial]:
    """The order in which Optuna is asked about trials that came to a rung together.

    It lets go on whoever is among the best 1/eta of those asked about so far, or the best of them all. Asked
    best first it would stop the second of ever so many, and in any other order let bad ones go on that come
    early. So the best comes first, then the worst, and the next best whenever there are enough for it.
    """
    left, turns = deque(best_first), list[LiveTrial]()
    while left:
        place = len(turns) + 1
        enough = place == 1 or (place >= 2 * eta and place % eta == 0)
        turns.append(left.popleft() if enough else left.pop())
    return turns
