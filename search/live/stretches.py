"""A trial from one stretch of its training to the next: what is trained, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evaluators.training.candidate import Trained
from evaluators.training.leg import Leg
from evaluators.training.state import State
from search.sampling.running_study import Outcome

from .live_trial import LiveTrial, Report
from .trial_objective import OBJECTIVES
from .values import values_of
from .watcher import LiveSearch

__all__ = ["Living", "Stretches"]


@dataclass(frozen=True, slots=True, eq=False)
class Living:
    """A trial that is being trained. waves: stretches that lie behind it. state: where it stands."""

    trial: LiveTrial
    waves: int = 0
    state: State | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Those of a search's trials; when they are trained is somebody else's business.

    search: what is settled.
    """

    search: LiveSearch

    def leg(self, one: Living) -> Leg:
        """The next stretch; the last has no end but training's own."""
        following, ladder = one.waves + 1, self.search.ladder
        until = None if following == ladder.waves else ladder.step_after(following)
        judged = ladder.rung_after(following) is not None
        return Leg(self.search.candidate(one.trial), until, one.state, judged)

    def after(self, one: Living, trained: Trained) -> Living:
        """The trial behind its next stretch, of which that came; with a report where it stands at a rung."""
        waves, known = one.waves + 1, trained.evaluation
        trial = replace(
            one.trial,
            step=len(known.curve),
            seconds=known.seconds,
            peak_memory=max(one.trial.peak_memory, known.peak_memory),
            failure=known.failure,
        )
        rung = self.search.ladder.rung_after(waves)
        if rung is not None and known.failure is None:
            assert known.metric is not None, "a leg that was judged has a metric"
            assert known.loss is not None, "and a loss"
            report = Report(rung, trial.step, self.search.ladder.steps, known.metric, known.loss, 0.0)
            trial = replace(trial, reports=(*trial.reports, report))
            value = OBJECTIVES[self.search.settings.objectives[0]].of(trial)
            trial = replace(trial, reports=(*trial.reports[:-1], replace(report, value=value)))
        return Living(trial, waves, trained.state)

    def is_judged(self, one: Living) -> bool:
        """Whether it stands at a rung, with a report of that."""
        return self.search.ladder.rung_after(one.waves) is not None and one.trial.failure is None

    def ended(self, trial: LiveTrial, *, stopped: bool) -> LiveTrial | None:
        """How a trial ended; None where it goes on. stopped: whether it goes no further than its rung."""
        if trial.failure is not None:
            return replace(trial, state="failed")
        if trial.step == self.search.ladder.steps:
            return replace(trial, state="complete")
        return replace(trial, state="pruned") if stopped else None

    def outcome(self, trial: LiveTrial) -> Outcome | None:
        """What samplers are told of a trial that is over; None of one that failed."""
        if trial.state == "failed":
            return None
        at = {self.search.ladder.resources[one.rung]: one.value for one in trial.reports}
        values = values_of(trial, self.search.settings.objectives)
        return Outcome(values, at, trial.state == "pruned")
