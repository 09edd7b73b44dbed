"""What a driver does, and what a search has found, in simulated time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.curves.replay import Replay
from evaluators.training.candidate import Trained
from search.live.live_trial import LiveTrial
from search.live.watcher import Concluded, LiveSearch
from search.sampling.configuration import Configuration

__all__ = ["DriverLog"]


@dataclass(slots=True)
class DriverLog:
    """A ``Watcher`` that keeps count. now: simulated seconds. driver: real seconds of the driver's own work.

    transactions: what a mirror in a database would commit, a group of trials at a time; rows: the trials,
    reports and ends in them. regret: (seconds, how far what looks best is above the best), without noise.
    """

    world: Replay
    now: float = 0.0
    driver: float = 0.0
    transactions: int = 0
    rows: int = 0
    regret: list[tuple[float, float]] = field(default_factory=list)
    _best: float = float("inf")
    _working: float | None = None

    def work(self) -> None:
        """The driver begins to work."""
        self._working = time.process_time()

    def rest(self) -> float:
        """It waits again; what it worked, in seconds, which have passed for all."""
        assert self._working is not None, "who rests has worked"
        took, self._working = time.process_time() - self._working, None
        self.driver += took
        self.now += took
        return took

    def began(self, search: LiveSearch, /) -> None:
        pass

    def asked(self, trials: Sequence[LiveTrial], /) -> None:
        self._wrote(len(trials))

    def judged(self, trials: Sequence[LiveTrial], /) -> None:
        self._wrote(len(trials))

    def ended(self, trials: Sequence[LiveTrial], trained: Sequence[Trained | None], /) -> None:
        self._wrote(len(trials))
        for trial in trials:
            if trial.state == "complete" and trial.reports[-1].loss < self._best:
                self._best = trial.reports[-1].loss
                self._found(trial.configuration)

    def concluded(self, result: Concluded, /) -> None:
        pass

    def _wrote(self, rows: int) -> None:
        self.transactions += 1
        self.rows += rows

    def _found(self, configuration: Configuration) -> None:
        self.regret.append((self.now, self.world.settled(configuration) - self.world.best))
