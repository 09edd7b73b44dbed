"""A live search told to a person: who is trained, how far, who was stopped, and what the best is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from evaluators.training.candidate import Candidate, Trained
from search.job.logs.training_log import TrainingLog
from search.job.progress import Advance
from spaces.counted import counted
from spaces.direction import sign_of

from .live_trial import LiveTrial, TrialState
from .watcher import Concluded, LiveSearch

__all__ = ["LiveNames", "LiveNote"]

_STATES: Final[tuple[TrialState, ...]] = ("running", "pruned", "complete", "failed")
_NAMED: Final = 3  # proposers of those that are being trained


class LiveNote:
    """A ``Watcher`` that keeps a progress display up to date.

    advance: counts trials that are over. most: trials, if all that may be are asked for.
    """

    def __init__(self, advance: Advance, most: int) -> None:
        self._advance, self._most = advance, most
        self._trials: dict[int, LiveTrial] = {}

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
        self._trials |= {one.number: one for one in trials}
        self._advance(over, self._note())

    def _note(self) -> str:
        """``best loss 0.4321 (tpe, step 9 of 81); 2 running, 5 pruned, 1 complete; 234 of about 1,700
        candidate-steps; now tpe, snip/exact``: what matters first, as terminals cut it off."""
        ends = Counter(one.state for one in self._trials.values())
        counts = ", ".join(f"{ends[state]} {state}" for state in _STATES if ends[state])
        done = sum(one.step for one in self._trials.values())
        steps = f"{done:,} of about {counted(max(done, self._expected()), 'candidate-step')}"
        return "; ".join([*self._best(), counts, steps, *self._now()])

    def _expected(self) -> int:
        """Of all trials, if of those that are not over one of ``halving`` goes on at each rung."""
        rungs, eta = self._search.rungs, self._search.settings.halving or 1
        one_takes = sum((b - a) / float(eta) ** place for place, (a, b) in enumerate(pairwise((0, *rungs))))
        over = [one.step for one in self._trials.values() if one.state != "running"]
        return round(sum(over) + (self._most - len(over)) * one_takes)

    def _now(self) -> list[str]:
        """Who proposed what is being trained."""
        living = [one for one in self._trials.values() if one.state == "running"]
        names = list(dict.fromkeys(str(one.proposers[0]) for one in living))
        more = f" +{len(names) - _NAMED}" if len(names) > _NAMED else ""
        return [f"now {', '.join(names[:_NAMED])}{more}"] if names else []

    def _best(self) -> list[str]:
        """Among those that came to the last rung that any has come to."""
        name, (_, direction) = self._search.objective_titles[0], self._search.objectives[0]
        known = [one for one in self._trials.values() if one.reports]
        if not known:
            return []
        rung = max(one.reports[-1].rung for one in known)
        there = [one for one in known if one.reports[-1].rung == rung]
        best = max(there, key=lambda one: sign_of(direction) * one.reports[-1].value)
        last = best.reports[-1]
        at = f"step {last.step:,} of {last.of_steps:,}"
        return [f"best {name} {last.value:.4f} ({best.proposers[0]}, {at})"]


class LiveNames:
    """A ``Watcher`` that says what trials are called in a log of losses."""

    def __init__(self, log: TrainingLog) -> None:
        self._log = log

    def began(self, search: LiveSearch, /) -> None:
        self._seed = search.seed

    def asked(self, trials: Sequence[LiveTrial], /) -> None:
        for one in trials:
            own = one.configuration
            candidate = Candidate(own.allocation, self._seed, own.learning_rate, own.scaling)
            self._log.named(candidate, f"trial-{one.number:04d}-{one.proposers[0]}")

    def judged(self, trials: Sequence[LiveTrial], /) -> None: ...

    def ended(self, trials: Sequence[LiveTrial], trained: Sequence[Trained | None], /) -> None: ...

    def concluded(self, result: Concluded, /) -> None: ...
