"""The trials of a live search written down."""

from __future__ import annotations

from .live_record import FrontRecord, LiveRecord, TrialRecord
from .live_trial import LiveTrial
from .values import front_of, values_of
from .waves import LiveOutcome

__all__ = ["front_in_order", "recorded"]


def front_in_order(outcome: LiveOutcome) -> list[LiveTrial]:
    """The trials than which none is better in all objectives, by parameters; none of one objective."""
    if len(outcome.search.objectives) == 1:
        return []
    front = front_of(outcome.trials, outcome.search.objectives)
    return sorted(front, key=lambda one: (one.params, one.number))


def recorded(outcome: LiveOutcome) -> LiveRecord:
    """All of them, without weights."""
    search = outcome.search
    return LiveRecord(
        objectives=search.settings.objectives,
        rungs=search.rungs,
        seed=search.seed,
        steps=outcome.steps,
        whole_steps=outcome.whole_steps,
        trials=tuple(map(_trial, outcome.trials)),
        front=tuple(_point(one, search.settings.objectives) for one in front_in_order(outcome)),
    )


def _trial(trial: LiveTrial) -> TrialRecord:
    own = trial.configuration
    return TrialRecord(
        number=trial.number,
        proposer=trial.proposer,
        baseline=trial.baseline,
        params=trial.params,
        learning_rate=own.learning_rate,
        scaling=own.scaling,
        state=trial.state,
        failure=trial.failure,
        step=trial.step,
        losses=tuple(one.loss for one in trial.reports),
        metrics=tuple(one.metric for one in trial.reports),
        seconds=round(trial.seconds, 3),
    )


def _point(trial: LiveTrial, objectives: tuple[str, ...]) -> FrontRecord:
    own = trial.configuration
    return FrontRecord(
        trial=trial.number,
        proposer=trial.proposer,
        allocation=dict(own.allocation.ranks),
        params=trial.params,
        learning_rate=own.learning_rate,
        scaling=own.scaling,
        values=dict(zip(objectives, values_of(trial, objectives), strict=True)),
    )
