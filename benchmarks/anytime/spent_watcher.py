"""What a live search had spent when its trials ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evaluators.training.candidate import Trained
from search.live.ladder import Ladder
from search.live.live_trial import LiveTrial
from search.live.watcher import Concluded, LiveSearch

from .ended_trial import EndedTrial

__all__ = ["SpentWatcher"]


class SpentWatcher:
    """A ``Watcher`` that says of every trial what had been spent when it ended, on all of them together.

    Living trials advance by one stretch a wave each, so that how far a trial is says how far all others are.
    Seconds are those of the trials that ended, a step, times the steps of all.

    on_ended: called for each trial, in order.
    """

    def __init__(self, on_ended: Callable[[EndedTrial], None]) -> None:
        self._on_ended = on_ended
        self._ladder = Ladder(1, 0, 0)
        self._began_at: dict[int, int] = {}  # by trial that lives: waves that lay behind the search
        self._wave = self._steps = 0
        self._seconds = 0.0

    def began(self, search: LiveSearch, /) -> None:
        self._ladder = search.ladder

    def asked(self, trials: Sequence[LiveTrial], /) -> None:
        for trial in trials:
            self._began_at[trial.number] = self._wave

    def judged(self, trials: Sequence[LiveTrial], /) -> None:
        pass

    def ended(self, trials: Sequence[LiveTrial], trained: Sequence[Trained | None], /) -> None:
        ladder = self._ladder
        for trial in trials:
            began = self._began_at.pop(trial.number)
            self._wave = max(self._wave, began + round(trial.step * ladder.waves / ladder.steps))
            self._steps += trial.step
            self._seconds += trial.seconds
        living = sum(ladder.step_after(self._wave - began) for began in self._began_at.values())
        steps = self._steps + living
        seconds = self._seconds * steps / self._steps if self._steps else 0.0
        for trial in trials:
            report = trial.reports[-1] if trial.state == "complete" else None
            loss, metric = (None, None) if report is None else (report.loss, report.metric)
            own = trial.configuration
            self._on_ended(EndedTrial(own, loss, metric, steps, seconds, trial.step, trial.seconds))

    def concluded(self, result: Concluded, /) -> None:
        pass
