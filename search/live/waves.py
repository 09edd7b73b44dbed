"""The loop of a live search: a stretch of training for every living trial, then who goes on and who comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evaluators.training.candidate import Candidate, Trained
from evaluators.training.leg import Leg

from .asking import Asker
from .live_trial import LiveTrial
from .pruning import Competition
from .stretches import Living, Stretches
from .values import front_of
from .watcher import LiveSearch, Watcher

__all__ = ["LiveOutcome", "TrainsLegs", "Waves"]

TrainsLegs = Callable[[Sequence[Leg]], list[Trained]]
"""Trains a wave: all of it side by side, or from a table; one for each leg, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveOutcome:
    """All trials of a search, in order of their numbers.

    trained: of those that were trained to the end, what none beats in all objectives, by number; a search
    of thousands could not hold the weights of all. steps: candidate-steps that were spent.
    """

    search: LiveSearch
    trials: tuple[LiveTrial, ...]
    trained: dict[int, Trained] = field(repr=False)
    steps: int

    @property
    def whole_steps(self) -> int:
        """Candidate-steps that training all of them to the end would have taken."""
        return len(self.trials) * self.search.rungs[-1]


class Waves:
    """Trials trained side by side, a stretch at a time, and stopped or replaced between stretches.

    All of it follows from what ``train`` gives, in the order of trial numbers: who trains it, and whether it
    was read from disk, makes no difference.

    Args:
        search: what is settled.
        asker: says who is next.
        competition: says who goes on.
        train: trains a wave.
        watchers: are told what happens.
        forget: called with the candidate of every trial that is over: nobody goes on from its state.
    """

    def __init__(
        self,
        search: LiveSearch,
        asker: Asker,
        competition: Competition,
        train: TrainsLegs,
        *,
        watchers: Sequence[Watcher] = (),
        forget: Callable[[Candidate], None] = lambda _: None,
    ) -> None:
        self._search, self._stretches, self._asker = search, Stretches(search), asker
        self._competition, self._train, self._forget = competition, train, forget
        self._watchers = watchers
        self._over: dict[int, LiveTrial] = {}
        self._kept: dict[int, Trained] = {}

    def run(self) -> LiveOutcome:
        """All trials, once the last is over."""
        for watcher in self._watchers:
            watcher.began(self._search)
        living, stretches = self._filled([]), self._stretches
        while living:
            trained = self._train([stretches.leg(one) for one in living])
            stepped = [stretches.after(*pair) for pair in zip(living, trained, strict=True)]
            judged = [one.trial for one in stepped if stretches.is_judged(one)]
            if judged:
                for watcher in self._watchers:
                    watcher.judged(judged)
            stopped = self._stopped(judged)
            ended = [stretches.ended(one.trial, stopped=one.trial.number in stopped) for one in stepped]
            self._let_go([(own, run) for own, run in zip(ended, trained, strict=True) if own is not None])
            living = self._filled([one for one, own in zip(stepped, ended, strict=True) if own is None])
        trials = tuple(self._over[number] for number in sorted(self._over))
        return LiveOutcome(self._search, trials, self._kept, sum(trial.step for trial in trials))

    def _filled(self, living: list[Living]) -> list[Living]:
        """Those, and as many new trials as there is room for."""
        fresh: list[LiveTrial] = []
        while len(living) + len(fresh) < self._search.at_once and (trial := self._asker.ask()) is not None:
            self._competition.enter(trial)
            fresh.append(trial)
        if fresh:
            for watcher in self._watchers:
                watcher.asked(fresh)
        return [*living, *map(Living, fresh)]

    def _stopped(self, judged: Sequence[LiveTrial]) -> set[int]:
        """Numbers of those that go no further than their rung."""
        asked = [trial for trial in judged if trial.step < self._search.rungs[-1]]
        return {trial.number for trial in asked} - self._competition.going_on(asked)

    def _let_go(self, ended: Sequence[tuple[LiveTrial, Trained]]) -> None:
        """Tells everybody of those that are over."""
        for trial, trained in ended:
            self._over[trial.number] = trial
            if trial.state == "complete":
                self._keep(trial, trained)
            self._asker.tell(trial, self._stretches.outcome(trial))
            self._forget(self._search.candidate(trial))
        if ended:
            for watcher in self._watchers:
                watcher.ended([trial for trial, _ in ended], [trained for _, trained in ended])

    def _keep(self, trial: LiveTrial, trained: Trained) -> None:
        """It is trained to its end; what it beats is let go, as it can be on no front any more."""
        self._kept[trial.number] = trained
        known = [self._over[number] for number in sorted(self._kept)]
        front = {one.number for one in front_of(known, self._search.objectives)}
        self._kept = {number: one for number, one in self._kept.items() if number in front}
