"""Trials of several runs each, a seed apiece, that end as their last run does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from optuna.trial import TrialState

from evaluators.executors.workload import Workload
from evaluators.training.candidate import Candidate, Evaluation, Trained
from search.job.logs.training_log import TrainingLog
from search.statistics.summary import Summary

__all__ = ["SeedsEnd", "SeedsLog", "end_of_seeds"]

SeedsEnd = tuple[TrialState, tuple[float, ...] | None, dict[str, object]]
"""How a trial ended: its state, its value where it has one, and attributes."""


class SeedsLog:
    """A ``TrainingLog`` that says which trials are over, and passes on what it is told.

    beneath: the log that there is. trials: of each, its runs: the mark of their workload, and the candidate.
    ended: called once with a trial's place and its evaluations, in the order of its runs.
    """

    def __init__(
        self,
        beneath: TrainingLog,
        trials: Sequence[Sequence[tuple[str, Candidate]]],
        ended: Callable[[int, Sequence[Evaluation]], None],
    ) -> None:
        self._beneath, self._trials, self._ended = beneath, trials, ended
        self._known: dict[tuple[str, Candidate], Evaluation] = {}
        self._left = [set(runs) for runs in trials]
        self._places = defaultdict[tuple[str, Candidate], list[int]](list)  # of the trials that have a run
        for place, runs in enumerate(self._left):
            for run in runs:
                self._places[run].append(place)

    def named(self, candidate: Candidate, name: str, /, of: Workload | None = None) -> None:
        self._beneath.named(candidate, name, of)

    def __call__(self, workload: Workload, mark: str, trained: Trained, /) -> None:
        self._beneath(workload, mark, trained)
        run = mark, trained.evaluation.candidate
        self._known[run] = trained.evaluation
        for place in self._places.pop(run, ()):
            self._left[place].remove(run)
            if not self._left[place]:
                self._ended(place, [self._known[one] for one in self._trials[place]])


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
