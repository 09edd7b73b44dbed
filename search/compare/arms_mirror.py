"""A comparison shown while its arms are trained: a trial each, ended as its last seed does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from optuna.distributions import CategoricalDistribution, FloatDistribution

from search.job.machine import Machine
from search.mirror.seeds_log import Run, shown_by_seeds
from search.mirror.shown import Aim, ShownTrial
from search.mirror.study_mirror import begin_study
from search.mirror.study_place import StudyPlace
from search.mirror.trial_note import seeds_note
from search.storage.opened_storage import opened_for_writing
from spaces.counted import counted

from .arm_training import NO_RULE, Chosen

__all__ = ["ARMS_STUDIES", "ArmsShown", "arms_shown", "unshown"]

ARMS_STUDIES: Final = ("",)
"""Kinds of studies that a comparison has."""
ArmsShown = Callable[[Sequence[Chosen], Sequence[int]], AbstractContextManager[Machine]]
"""Of arms as they are reported and of their seeds: the machine that trains them while somebody looks on."""


@contextmanager
def unshown(chosen: Sequence[Chosen], seeds: Sequence[int]) -> Iterator[Machine]:
    """The arms' own machine, on which nobody looks on."""
    yield chosen[0].planned.job.machine


def arms_shown(place: StudyPlace) -> ArmsShown:
    """A study of the arms as they are reported: the mean metric on the test rows over seeds.

    Parameters: the arm, its scaling and its learning rate. Each has a note in words.
    """

    @contextmanager
    def shown(chosen: Sequence[Chosen], seeds: Sequence[int]) -> Iterator[Machine]:
        job = chosen[0].planned.job
        arms = [(one.planned.arm.label, one.learning_rate, one.planned.rule) for one in chosen]
        planned = arms, seeds  # all of which may be others when a comparison has grown
        aim = Aim(job.task.objective.metric_title, job.task.objective.direction)
        study = place.of(planned).study([aim], more={"seeds": list(seeds)})
        with opened_for_writing(place.where) as storage:
            mirror = begin_study(storage, study, named=place.chosen)
            trials, runs = _trials(chosen, aim, len(seeds)), [_runs(one, seeds) for one in chosen]
            with shown_by_seeds(job.machine, trials, runs, mirror.show, mirror) as machine:
                yield machine

    return shown


def _runs(one: Chosen, seeds: Sequence[int]) -> list[Run]:
    mark = one.planned.on("test").fingerprint
    return [(mark, run) for run in one.planned.candidates(seeds, [one.learning_rate])]


def _trials(chosen: Sequence[Chosen], aim: Aim, seeds: int) -> list[ShownTrial]:
    rules = [one.planned.rule for one in chosen]
    rates = [one.learning_rate for one in chosen]
    labels = [one.planned.arm.label for one in chosen]
    distributions = {
        "arm": CategoricalDistribution(labels),
        "scaling": CategoricalDistribution(sorted(set(rules))),
        "learning rate": FloatDistribution(min(rates), max(rates), log=True),
    }
    return [
        ShownTrial(
            number,
            {"arm": labels[number], "scaling": rules[number], "learning rate": rates[number]},
            distributions,
            attributes={"space": one.planned.arm.space, "renorm": one.planned.arm.renorm},
            note=_note(one, aim, seeds),
        )
        for number, one in enumerate(chosen)
    ]


def _note(one: Chosen, aim: Aim, seeds: int) -> str:
    planned = one.planned
    rule = "" if planned.rule == NO_RULE else f", {planned.rule}"
    within = f", within {counted(planned.job.max_params, 'parameter')}" if planned.bounded else ""
    rows = counted(len(planned.job.task.test), "test row")
    return seeds_note(planned.arm.label, f"lr {one.learning_rate:g}{rule}{within}", aim, rows, seeds=seeds)
