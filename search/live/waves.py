"""The loop of a live search: a stretch of training for every living trial, then who goes on and who comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from evaluators.training.candidate import Candidate, Trained
from evaluators.training.leg import Leg
from evaluators.training.state import State
from search.sampling.running_study import Outcome

from .asking import Asker
from .ladder import Ladder
from .live_trial import LiveTrial, Report
from .pruning import Competition
from .values import OBJECTIVES, values_of
from .watcher import LiveSearch, Watcher

__all__ = ["LiveOutcome", "TrainsLegs", "Waves"]

TrainsLegs = Callable[[Sequence[Leg]], list[Trained]]
"""Trains a wave: all of it side by side, or from a table; one for each leg, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveOutcome:
    """All trials of a search, in order of their numbers.

    trained: those that were trained to the end, by number. steps: candidate-steps that were spent.
    """

    search: LiveSearch
    trials: tuple[LiveTrial, ...]
    trained: dict[int, Trained] = field(repr=False)
    steps: int

    @property
    def whole_steps(self) -> int:
        """Candidate-steps that training all of them to the end would have taken."""
        return len(self.trials) * self.search.rungs[-1]


@dataclass(frozen=True, slots=True, eq=False)
class _Living:
    """A trial that is being trained. waves: stretches that lie behind it. state: where it stands."""

    trial: LiveTrial
    waves: int = 0
    state: State | None = None


class Waves:
    """Trials trained side by side, a stretch at a time, and stopped or replaced between stretches.

    All of it follows from what ``train`` gives, in the order of trial numbers: who trains it, and whether it
    was read from disk, makes no difference.

    Args:
        search: what is settled.
        ladder: the stretches and rungs.
        asker: says who is next.
        competition: says who goes on.
        train: trains a wave.
        at_once: trials that live at a time, at most.
        watchers: are told what happens.
        forget: called with the candidate of every trial that is over: nobody goes on from its state.
    """

    def __init__(
        self,
        search: LiveSearch,
        ladder: Ladder,
        asker: Asker,
        competition: Competition,
        train: TrainsLegs,
        *,
        at_once: int,
        watchers: Sequence[Watcher] = (),
        forget: Callable[[Candidate], None] = lambda _: None,
    ) -> None:
        self._search, self._ladder, self._asker = search, ladder, asker
        self._competition, self._train, self._forget = competition, train, forget
        self._at_once, self._watchers = at_once, watchers
        self._over: dict[int, LiveTrial] = {}
        self._kept: dict[int, Trained] = {}

    def run(self) -> LiveOutcome:
        """All trials, once the last is over."""
        for watcher in self._watchers:
            watcher.began(self._search)
        living = self._filled([])
        while living:
            trained = self._train([self._leg(one) for one in living])
            stepped = [self._stepped(*pair) for pair in zip(living, trained, strict=True)]
            judged = [one.trial for one in stepped if self._rung(one) is not None and not one.trial.failure]
            if judged:
                for watcher in self._watchers:
                    watcher.judged(judged)
            stopped = self._stopped(judged)
            ended = [self._ended(one.trial, stopped) for one in stepped]
            self._let_go([(own, run) for own, run in zip(ended, trained, strict=True) if own is not None])
            living = self._filled([one for one, own in zip(stepped, ended, strict=True) if own is None])
        trials = tuple(self._over[number] for number in sorted(self._over))
        return LiveOutcome(self._search, trials, self._kept, sum(trial.step for trial in trials))

    def _filled(self, living: list[_Living]) -> list[_Living]:
        """Those, and as many new trials as there is room for."""
        fresh: list[LiveTrial] = []
        while len(living) + len(fresh) < self._at_once and (trial := self._asker.ask()) is not None:
            self._competition.enter(trial)
            fresh.append(trial)
        if fresh:
            for watcher in self._watchers:
                watcher.asked(fresh)
        return [*living, *map(_Living, fresh)]

    def _candidate(self, trial: LiveTrial) -> Candidate:
        own = trial.configuration
        return Candidate(own.allocation, self._search.seed, own.learning_rate, own.scaling)

    def _leg(self, one: _Living) -> Leg:
        """The next stretch; the last has no end but training's own."""
        following, ladder = one.waves + 1, self._ladder
        until = None if following == ladder.waves else ladder.step_after(following)
        judged = ladder.rung_after(following) is not None
        return Leg(self._candidate(one.trial), until, one.state, judged)

    def _rung(self, one: _Living) -> int | None:
        return self._ladder.rung_after(one.waves)

    def _stepped(self, one: _Living, trained: Trained) -> _Living:
        """After a stretch; with a report where it stands at a rung."""
        waves, known = one.waves + 1, trained.evaluation
        trial = replace(
            one.trial,
            step=len(known.curve),
            seconds=known.seconds,
            peak_memory=max(one.trial.peak_memory, known.peak_memory),
            failure=known.failure,
        )
        rung = self._ladder.rung_after(waves)
        if rung is not None and known.failure is None:
            assert known.metric is not None, "a leg that was judged has a metric"
            assert known.loss is not None, "and a loss"
            report = Report(rung, trial.step, self._ladder.steps, known.metric, known.loss, 0.0)
            trial = replace(trial, reports=(*trial.reports, report))
            value = OBJECTIVES[self._search.settings.objectives[0]](trial)
            trial = replace(trial, reports=(*trial.reports[:-1], replace(report, value=value)))
        return _Living(trial, waves, trained.state)

    def _stopped(self, judged: Sequence[LiveTrial]) -> set[int]:
        """Numbers of those that go no further than their rung."""
        asked = [trial for trial in judged if trial.step < self._ladder.steps]
        return {trial.number for trial in asked} - self._competition.going_on(asked)

    def _ended(self, trial: LiveTrial, stopped: set[int]) -> LiveTrial | None:
        """How a trial ended; None where it goes on."""
        if trial.failure is not None:
            return replace(trial, state="failed")
        if trial.number in stopped:
            return replace(trial, state="pruned")
        return replace(trial, state="complete") if trial.step == self._ladder.steps else None

    def _let_go(self, ended: Sequence[tuple[LiveTrial, Trained]]) -> None:
        """Tells everybody of those that are over."""
        for trial, trained in ended:
            self._over[trial.number] = trial
            if trial.state == "complete":
                self._kept[trial.number] = trained
            self._asker.tell(trial, self._outcome(trial))
            self._forget(self._candidate(trial))
        if ended:
            for watcher in self._watchers:
                watcher.ended([trial for trial, _ in ended], [trained for _, trained in ended])

    def _outcome(self, trial: LiveTrial) -> Outcome | None:
        if trial.state == "failed":
            return None
        at = {self._ladder.resources[one.rung]: one.value for one in trial.reports}
        return Outcome(values_of(trial, self._search.settings.objectives), at, trial.state == "pruned")
