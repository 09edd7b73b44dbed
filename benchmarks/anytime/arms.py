"""The searches that are compared, each run on the real task and written down trial by trial."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from benchmarks.search_setting import SearchSetting
from search.run.workbench import Workbench
from search.sampling.configuration import Configuration

from .ended_trial import append_trial, read_trials
from .plain_peft import PlainTraining
from .user_search import WhollyTrained, user_search

__all__ = ["ARMS", "Arm"]


class Arm(Protocol):
    """Runs one search as far as it may, going on from what stands in its file; gives the steps spent."""

    def __call__(
        self, bench: Workbench, setting: SearchSetting, path: Path, /, *, seed: int, trainings: int
    ) -> int: ...


def _user_arm(
    bench: Workbench, setting: SearchSetting, path: Path, /, *, seed: int, trainings: int, sampler: str
) -> int:
    """Optuna over peft. What stands in the file is told to the sampler again, in order."""
    job = bench.job
    train = PlainTraining(
        job.source.path_or_name,
        job.source.num_labels or 0,
        bench.space,
        job.task.train,
        job.task.validation,
        job.recipe,
        seed,
    )
    known = read_trials(path)
    waiting = iter(known)

    def known_or_trained(configuration: Configuration, /) -> WhollyTrained:
        before = next(waiting, None)
        if before is None:
            return train(configuration)
        assert before.configuration == configuration, f"{path} is of another search"
        return WhollyTrained(before.loss, before.metric, before.own_seconds)

    steps = job.recipe.steps(len(job.task.train))
    trials = user_search(
        bench.space,
        bench.budget,
        setting,
        sampler=sampler,
        seed=seed,
        steps=steps,
        train=known_or_trained,
    )
    for number in range(trainings):
        trial = next(trials)
        if number >= len(known):
            append_trial(path, trial)
    return trainings * steps


ARMS: Final[Mapping[str, Arm]] = {
    "tpe": partial(_user_arm, sampler="tpe"),
    "random": partial(_user_arm, sampler="random"),
}
"""tpe, random: Optuna's samplers over peft's LoRA, every trial trained to the end in a plain loop."""
