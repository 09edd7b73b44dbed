"""Trials of several runs each, a seed apiece, that end as their last run does; or wait for another start."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, TypeVar

from optuna.trial import TrialState

from evaluators.adapters.markdown import escaped
from evaluators.executors.workload import Workload
from evaluators.training.candidate import Candidate, Evaluation, Trained
from search.job.logs.training_log import TrainingLog
from search.job.machine import Machine
from search.statistics.summary import Summary
from spaces.counted import counted

from .allocation_trial import AllocationTrial
from .shown import ShownTrial
from .study_mirror import StudyMirror

__all__ = ["Run", "SeedsEnd", "SeedsLog", "end_of_seeds", "shown_by_seeds"]

_REASONS: Final = 2
_log = logging.getLogger(__name__)

Run = tuple[str, Candidate]
"""The mark of a run's workload, and the candidate."""

SeedsEnd = tuple[TrialState, tuple[float, ...] | None, dict[str, object]]
"""How a trial ended: its state, its value where it has one, and attributes."""

_Trial = TypeVar("_Trial", ShownTrial, AllocationTrial)


class SeedsLog:
    """A ``TrainingLog`` that says which trials are over, and passes on what it is told.

    beneath: the log that there is. trials: of each, its runs.
    ended: called once with a trial's place and its evaluations, in the order of its runs; not where one of
    them is a failure that may pass, since another start makes that run again.
    """

    def __init__(
        self,
        beneath: TrainingLog,
        trials: Sequence[Sequence[Run]],
        ended: Callable[[int, Sequence[Evaluation]], None],
    ) -> None:
        self._beneath, self._trials, self._ended = beneath, trials, ended
        self._known: dict[Run, Evaluation] = {}
        self._left = [set(runs) for runs in trials]
        self._places = defaultdict[Run, list[int]](list)  # of the trials that have a run
        for place, runs in enumerate(self._left):
            for run in runs:
                self._places[run].append(place)

    def named(self, candidate: Candidate, name: str, /, of: Workload | None = None) -> None:
        self._beneath.named(candidate, name, of)

    def __call__(self, workload: Workload, mark: str, trained: Trained, /) -> None:
        self._beneath(workload, mark, trained)
        run = mark, trained.evaluation.candidate
        self._known[run] = trained.evaluation
        if trained.evaluation.may_pass:
            return
        for place in self._places.pop(run, ()):
            self._left[place].remove(run)
            if not self._left[place]:
                self._ended(place, [self._known[one] for one in self._trials[place]])

    @property
    def waiting(self) -> tuple[str, ...]:
        """Why trials wait for another start: of each, the first failure that may pass."""
        lost = [
            [self._known[run] for run in runs if run in left and run in self._known]
            for runs, left in zip(self._trials, self._left, strict=True)
        ]
        return tuple(str(own[0].failure) for own in lost if own)


@contextmanager
def shown_by_seeds(
    machine: Machine,
    trials: Sequence[_Trial],
    runs: Sequence[Sequence[Run]],
    show: Callable[[Sequence[_Trial]], None],
    study: StudyMirror,
) -> Iterator[Machine]:
    """The machine, which trains while trials are shown: running at first, and each ended with its last run.

    Args:
        machine: that there is.
        trials: as they are while they run, numbered from 0.
        runs: of each trial.
        show: makes trials of the study what they are given as.
        study: whose note says at the end how many wait for another start.
    """
    show(trials)

    def ended(number: int, own: Sequence[Evaluation]) -> None:
        state, values, told = end_of_seeds(own)
        trial = trials[number]
        show([replace(trial, state=state, values=values, attributes={**trial.attributes, **told})])

    log = SeedsLog(machine.log, runs, ended)
    yield replace(machine, log=log)
    _tell_of_waiting(log, study)


def _tell_of_waiting(log: SeedsLog, mirror: StudyMirror) -> None:
    """Makes the note of a study say how many of its trials stay running, and why; empty where none does.

    Logs the same. log: of all the study's trials, every run of which was tried.
    """
    waiting = log.waiting
    reasons = "; ".join([*dict.fromkeys(waiting)][:_REASONS])
    said = f"{counted(len(waiting), 'trial')} left running, for the same line to train again: {reasons}"
    if waiting:
        _log.warning("study    %s: %s", mirror.name, said)
    mirror.describe(note=escaped(said) if waiting else "")


def end_of_seeds(runs: Sequence[Evaluation]) -> SeedsEnd:
    """Complete, with the mean metric of the runs that finished, or failed where none did."""
    metrics = [run.metric for run in runs if run.metric is not None]
    losses = [run.loss for run in runs if run.loss is not None]
    told: dict[str, object] = {
        "seconds": round(sum(run.seconds for run in runs), 3),
        "finished": len(metrics),
    }
    if not metrics:
        return TrialState.FAIL, None, {**told, "failure": runs[0].failure}
    summary, loss = Summary.of(metrics), sum(losses) / len(losses) if losses else None
    return TrialState.COMPLETE, (summary.mean,), {**told, "sd": summary.sd, "loss": loss}
