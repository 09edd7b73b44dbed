"""Who goes on at a rung: Optuna's pruners, in studies of this process alone."""

from __future__ import annotations

import math
import zlib
from bisect import bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Final

import optuna
from optuna.pruners import NopPruner, SuccessiveHalvingPruner

from search.sampling.quiet_optuna import quiet_optuna
from spaces.direction import Direction, sign_of
from spaces.unknown_name import row_named

from .ladder import Ladder
from .like_size import size_class
from .live_trial import LiveTrial

__all__ = ["PRUNERS", "Competition", "find_pruner"]


def _halving(_: Ladder) -> tuple[int, ...]:
    r"""At each rung the best of eta go on, judged beside all that stood there before.

    .. math:: \text{rungs at } \eta^{-k}, \ldots, \eta^{-1}, 1 \text{ of the steps}; \qquad
       \text{on goes whoever is among the best } 1 / \eta

    Source: asynchronous successive halving, Li et al., MLSys 2020 (arXiv:1810.05934), algorithm 2; Optuna's
    ``SuccessiveHalvingPruner``.
    """
    return (1,)


def _hyperband(ladder: Ladder) -> tuple[int, ...]:
    r"""Halving in several brackets: some trials are judged later than others, for the sake of those that
    begin slowly; a trial's number says in which bracket it is, and beside whom it is judged.

    .. math:: \text{bracket } s = 0, 1, \ldots \text{ has its first rung } \eta^{s} \text{ times as late}

    Source: Hyperband, Li et al., JMLR 18, 2018 (arXiv:1603.06560); Optuna's ``HyperbandPruner``.
    Departures: where Optuna's logarithm is rounded below a whole number, as of 3^5, it has no last bracket.
    """
    brackets = ladder.rungs + 1
    return tuple(math.ceil(brackets * ladder.eta**rung / (rung + 1)) for rung in reversed(range(brackets)))


PRUNERS: Final[Mapping[str, Callable[[Ladder], tuple[int, ...]]]] = {
    "halving": _halving,
    "hyperband": _hyperband,
}
"""Each says of a ladder how many of the trials are in each bracket, in proportion: those of bracket 0 are
judged from the first rung on, those of the next one from the second."""
_STUDY: Final = "rankscape"  # brackets are drawn by this name and a trial's number, as Optuna draws them


def find_pruner(name: str) -> Callable[[Ladder], tuple[int, ...]]:
    """The pruner of that name; raises UsageError on an unknown name."""
    return row_named("pruner", name, PRUNERS)


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
        self._shares = find_pruner(pruner)(ladder)
        self._ladder, self._sign, self._apart = ladder, sign_of(direction), apart
        self._entered = Counter[int]()  # by size
        self._studies: dict[tuple[int, int], optuna.Study] = {}  # by size and bracket
        self._brackets: dict[int, int] = {}  # by a trial's number
        self._trials: dict[int, optuna.Trial] = {}
        self._best: dict[tuple[int, int, bool], float] = {}  # by size, rung, and whether it is a baseline

    def enter(self, trial: LiveTrial) -> None:
        """A trial takes part; to be called in the order of their numbers."""
        size = self._size(trial)
        drawn = zlib.crc32(f"{_STUDY}_{self._entered[size]}".encode()) % sum(self._shares)
        self._entered[size] += 1
        bracket = bisect_right(list(accumulate(self._shares)), drawn)
        self._brackets[trial.number] = bracket
        with quiet_optuna():
            if (size, bracket) not in self._studies:
                self._studies[size, bracket] = self._study(bracket)
            self._trials[trial.number] = self._studies[size, bracket].ask()

    def going_on(self, judged: Sequence[LiveTrial]) -> set[int]:
        """Numbers of those that are trained further, of trials that were judged together and are not at
        their end; each with a new report.

        Those of one rung and bracket have their ``_turns``, so that the best of them go on, about one of eta.
        """
        best_first = sorted(judged, key=lambda one: (self._cost(one), one.number))
        places = defaultdict[tuple[int, int], list[LiveTrial]](list)
        pools = defaultdict[tuple[int, int, int], list[LiveTrial]](list)
        for trial in best_first:
            place = self._size(trial), trial.reports[-1].rung
            places[place].append(trial)
            pools[*place, self._brackets[trial.number]].append(trial)
        found: set[int] = set()
        for trials in pools.values():
            found |= {one.number for one in _turns(trials, self._ladder.eta) if self._is_let_go_on(one)}
        for place, trials in places.items():
            found |= self._leading(place, trials)
        return found

    def _study(self, bracket: int) -> optuna.Study:
        """Of those that compete; each bracket is judged from a later rung on."""
        eta = self._ladder.eta
        halving = SuccessiveHalvingPruner(1, eta, min_early_stopping_rate=bracket) if eta else NopPruner()
        return optuna.create_study(pruner=halving)  # which minimises

    def _is_let_go_on(self, trial: LiveTrial) -> bool:
        """Whether Optuna lets it go on, beside all of its bracket that stood at this rung before."""
        own = self._trials[trial.number]
        own.report(self._cost(trial), self._ladder.resources[trial.reports[-1].rung])
        return not own.should_prune()

    def _cost(self, trial: LiveTrial) -> float:
        """The value of its last report, smaller being better."""
        return -self._sign * trial.reports[-1].value

    def _size(self, trial: LiveTrial) -> int:
        return 0 if self._apart is None else size_class(trial.params, self._apart)

    def _leading(self, place: tuple[int, int], best_first: Sequence[LiveTrial]) -> set[int]:
        """The best of the baselines and the best of the others, where none of its kind was better at this
        place before; remembers them."""
        found: set[int] = set()
        for baseline in (True, False):
            best = next((one for one in best_first if one.baseline == baseline), None)
            if best is None:
                continue
            cost, kind = self._cost(best), (*place, baseline)
            if kind not in self._best or cost < self._best[kind]:
                self._best[kind] = cost
                found.add(best.number)
        return found


def _turns(best_first: Sequence[LiveTrial], eta: int) -> list[LiveTrial]:
    """The order in which trials are judged that came to a rung together.

    On goes whoever is among the best 1/eta of those judged so far, or the best of them all. Best first, the
    second of ever so many would be stopped, and in any other order bad ones would go on that come early. So
    the best comes first, then the worst, and the next best whenever there are enough for it.
    """
    left, turns = deque(best_first), list[LiveTrial]()
    while left:
        place = len(turns) + 1
        enough = place == 1 or (place >= 2 * eta and place % eta == 0)
        turns.append(left.popleft() if enough else left.pop())
    return turns
