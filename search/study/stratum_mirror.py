"""A stratum of a study shown while its allocations are trained: a trial each, ended as its last seed does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from evaluators.store.benchmark_entry import StratumNames
from evaluators.store.benchmark_table import Stratum
from evaluators.training.candidate import Evaluation
from proxies.site_scores import SiteScores
from search.job.job import Job
from search.job.machine import Machine
from search.mirror.allocation_mirror import opened_mirror
from search.mirror.allocation_trial import AllocationTrial, TrialAxes
from search.mirror.seeds_log import SeedsLog, end_of_seeds, tell_of_waiting
from search.mirror.shown import Aim
from search.mirror.study_place import StudyPlace

from .draw import Drawn

__all__ = ["STRATA_STUDIES", "stratum_mirror"]

STRATA_STUDIES: Final = StratumNames()
"""Kinds of studies that a study of proxies has."""


@contextmanager
def stratum_mirror(
    place: StudyPlace, job: Job, stratum: Stratum, drawn: Sequence[Drawn], scores: Sequence[SiteScores]
) -> Iterator[Machine]:
    """The job's machine, which tells a study how the runs of what was drawn end; closed at the end.

    Value: the mean metric over seeds. Attributes: who drew it, the proxies' scores. Its rank maps are not
    drawn, as there may be thousands.
    """
    objective = job.task.objective
    planned = [one.allocation for one in drawn], job.seeds  # both may grow from start to start
    study = place.of(planned).study([Aim(objective.metric_title, objective.direction)], kind=stratum.name)
    choices = TrialAxes.of(job.space, max(stratum.max_params, 1))
    trials = [
        AllocationTrial(
            number,
            one.allocation,
            job.space.params(one.allocation),
            attributes={
                "drawn by": "+".join(map(str, one.origins)),
                **{table.proxy: table.of(one.allocation) for table in scores},
            },
        )
        for number, one in enumerate(drawn)
    ]
    mark = job.workload.fingerprint
    with opened_mirror(place.where, study, job.space, choices, folder=None, named=place.chosen) as mirror:
        mirror.show(trials)

        def ended(number: int, runs: Sequence[Evaluation]) -> None:
            state, values, told = end_of_seeds(runs)
            trial = trials[number]
            told = {**trial.attributes, **told}
            mirror.show([replace(trial, state=state, values=values, attributes=told)])

        runs = [[(mark, one) for one in job.candidates(own.allocation)] for own in drawn]
        log = SeedsLog(job.machine.log, runs, ended)
        yield replace(job.machine, log=log)
        tell_of_waiting(log, mirror.full)
