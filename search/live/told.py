"""A live search told to a person: who is trained, how far, who was stopped, and what the best is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from evaluators.training.candidate import Trained
from search.job.logs.training_log import TrainingLog
from search.job.progress import Advance
from spaces.counted import counted

from .live_trial import LiveTrial
from .watcher import Concluded, LiveSearch

__all__ = ["LiveNames", "LiveNote"]

_STATES: Final = ("running", "pruned", "complete", "failed")
_NAMED: Final = 3  # proposers of those that are being trained


class LiveNote:
    """A ``Watcher`` that keeps a progress display up to date.

    advance: counts trials that are over. most: trials, if all that may be are asked for.
    """

    def __init__(self, advance: Advance, most: int) -> None:
        self._advance, self._most = advance, most
        self._living: dict[int, LiveTrial] = {}
        self._ends = Counter[str]()
        self._steps_over = 0  # of those that are over
        self._best: LiveTrial | None = None  # of those that came to the last rung that any has come to

    def began(self, search: LiveSearch, /) -> None:
        self._search = search

    def asked(self, trials: Sequence[LiveTrial], /) -> None:
        self._tell(trials)

    def judged(self, trials: Sequence[LiveTrial], /) -> None:
        self._tell(trials)

    def ended(self, trials: Sequence[LiveTrial], trained: Sequence[Trained | None], /) -> None:
        self._tell(trials, over=len(trials))

    def concluded(self, result: Concluded, /) -> None: ...

    def _tell(self, trials: Sequence[LiveTrial], *, over: int = 0) -> None:
        for one in trials:
            self._living[one.number] = one
            if one.state != "running":
                del self._living[one.number]
                self._ends[one.state] += 1
                self._steps_over += one.step
        known = [one for one in (self._best, *trials) if one is not None and one.reports]
        (_, direction), *_ = self._search.objectives
        self._best = min(known, key=lambda one: one.place(direction), default=None)
        self._advance(over, self._note())

    def _note(self) -> str:
        """``best loss 0.4321 (tpe, step 9 of 81); 2 running, 5 pruned, 1 complete; 234 of about 1,700
        candidate-steps; now tpe, snip/exact``: what matters first, as terminals cut it off."""
        ends = Counter(running=len(self._living)) + self._ends
        counts = ", ".join(f"{ends[state]} {state}" for state in _STATES if ends[state])
        done = self._steps_over + sum(one.step for one in self._living.values())
        steps = f"{done:,} of about {counted(max(done, self._expected()), 'candidate-step')}"
        return "; ".join([*self._told_best(), counts, steps, *self._now()])

    def _expected(self) -> int:
        """Of all trials, if of those that are not over one of ``halving`` goes on at each rung."""
        rungs, eta = self._search.rungs, self._search.ladder.eta or 1
        one_takes = sum((b - a) / float(eta) ** place for place, (a, b) in enumerate(pairwise((0, *rungs))))
        return round(self._steps_over + (self._most - self._ends.total()) * one_takes)

    def _now(self) -> list[str]:
        """Who proposed what is being trained."""
        names = list(dict.fromkeys(str(one.proposers[0]) for one in self._living.values()))
        more = f" +{len(names) - _NAMED}" if len(names) > _NAMED else ""
        return [f"now {', '.join(names[:_NAMED])}{more}"] if names else []

    def _told_best(self) -> list[str]:
        if self._best is None:
            return []
        last, name = self._best.reports[-1], self._search.objective_titles[0]
        at = f"step {last.step:,} of {last.of_steps:,}"
        return [f"best {name} {last.value:.4f} ({self._best.proposers[0]}, {at})"]


class LiveNames:
    """A ``Watcher`` that says what trials are called in a log of losses."""

    def __init__(self, log: TrainingLog) -> None:
        self._log = log

    def began(self, search: LiveSearch, /) -> None:
        self._search = search

    def asked(self, trials: Sequence[LiveTrial], /) -> None:
        for one in trials:
            self._log.named(self._search.candidate(one), f"trial-{one.number:04d}-{one.proposers[0]}")

    def judged(self, trials: Sequence[LiveTrial], /) -> None: ...

    def ended(self, trials: Sequence[LiveTrial], trained: Sequence[Trained | None], /) -> None: ...

    def concluded(self, result: Concluded, /) -> None: ...
