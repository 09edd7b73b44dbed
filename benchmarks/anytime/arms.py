"""The searches that are compared, each run on the real task and written down trial by trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.contest import Contest
from search.job.fine_tune import fine_tune_legs
from search.job.job import Job
from search.live.waves import TrainsLegs
from search.sampling.configuration import Configuration

from .ended_trial import EndedTrial, append_trial, read_trials
from .live_search import live_waves, settings_of
from .plain_peft import PlainTraining
from .spent_watcher import SpentWatcher
from .user_search import USER_SAMPLERS, WholeTraining, WhollyTrained, user_search

__all__ = ["ARMS", "Arm", "Trainers", "run_arm", "run_on_task", "trials_file"]


@dataclass(frozen=True, slots=True)
class Trainers:
    """Who trains: a user's own loop to the end, and legs side by side."""

    whole: WholeTraining
    legs: TrainsLegs


@dataclass(frozen=True, slots=True)
class Arm:
    """A search. halving: None of a user's own, else as of ``LiveSettings``. at_once: of ours, trials that
    live at a time. sampler: of a user's own."""

    halving: int | None = None
    at_once: int = 1
    sampler: str = "tpe"


ARMS: Final[Mapping[str, Arm]] = {
    **{name: Arm(sampler=name) for name in USER_SAMPLERS},
    "ours-whole": Arm(halving=0),
    "ours": Arm(halving=3),
    "ours@4": Arm(halving=3, at_once=4),
    "ours@16": Arm(halving=3, at_once=16),
}
"""tpe, random: Optuna over peft's LoRA in a plain loop. ours-whole: live, every trial trained to the end.
ours: with halving, one trial at a time; or so many side by side."""


class _SpentError(Exception):
    """A search has spent what it may."""


def run_arm(
    arm: Arm,
    contest: Contest,
    trainers: Trainers,
    *,
    seed: int,
    trainings: int,
    on_ended: Callable[[EndedTrial], None],
) -> None:
    """Runs a search until it has spent the steps of so many whole trainings; the same one whenever trainings
    come out the same.

    Args:
        arm: which.
        contest: over what.
        trainers: who trains.
        seed: of all that is drawn.
        trainings: whose steps it may spend.
        on_ended: called for every trial that ended by then.
    """
    most = trainings * contest.steps

    def within(trial: EndedTrial) -> None:
        if trial.steps > most:
            raise _SpentError
        on_ended(trial)

    try:
        if arm.halving is None:
            for trial in user_search(contest, sampler=arm.sampler, seed=seed, train=trainers.whole):
                within(trial)
                if trial.steps == most:
                    break
            return
        settings = settings_of(contest, trials=9 * trainings, halving=arm.halving or 0, at_once=arm.at_once)
        live_waves(contest, settings, trainers.legs, seed=seed, watchers=[SpentWatcher(within)]).run()
    except _SpentError:
        return


def _trainers_of(job: Job, folder: Path, known: Iterator[EndedTrial], *, seed: int) -> Trainers:
    """Those of a real task, who train nothing twice.

    Args:
        job: model, rows and recipe.
        folder: keeps the legs that were trained.
        known: trials of a user's search that ended before, in order.
        seed: of a user's training.
    """
    task = job.task
    train = PlainTraining(
        job.source.path_or_name,
        job.source.num_labels or 0,
        job.space,
        task.train,
        task.validation,
        job.recipe,
        seed,
    )

    def whole(configuration: Configuration, /) -> WhollyTrained:
        before = next(known, None)
        if before is None:
            return train(configuration)
        assert before.configuration == configuration, "these trials are of another search"
        return WhollyTrained(before.loss, before.metric, before.own_seconds)

    ledger = job.ledger(folder)
    return Trainers(whole, lambda legs: fine_tune_legs(job.workload, legs, ledger, job.machine))


def trials_file(work: Path, name: str, seed: int) -> Path:
    """Where the trials of an arm's search stand."""
    return work / f"{name}-{seed}.jsonl"


def run_on_task(name: str, job: Job, contest: Contest, work: Path, *, seed: int, trainings: int) -> None:
    """Writes the trials of an arm's search; goes on from what stands in the folder ``work``."""
    path = trials_file(work, name, seed)
    known = read_trials(path)
    told = 0

    def write_new(trial: EndedTrial) -> None:
        nonlocal told
        told += 1
        if told > len(known):
            append_trial(path, trial)

    trainers = _trainers_of(job, work / f"{name}-{seed}-legs", iter(known), seed=seed)
    run_arm(ARMS[name], contest, trainers, seed=seed, trainings=trainings, on_ended=write_new)
