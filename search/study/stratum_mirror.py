"""A stratum of a study shown while its allocations are trained: a trial each, ended as its last seed does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from evaluators.store.benchmark_entry import StratumNames
from evaluators.store.benchmark_table import Stratum
from proxies.site_scores import SiteScores
from search.job.job import Job
from search.job.machine import Machine
from search.mirror.allocation_mirror import opened_mirror
from search.mirror.allocation_trial import AllocationTrial, TrialAxes
from search.mirror.seeds_log import shown_by_seeds
from search.mirror.shown import Aim
from search.mirror.study_place import StudyPlace
from search.mirror.trial_note import seeds_note, size_of
from spaces.counted import counted

from .draw import Drawn

__all__ = ["STRATA_STUDIES", "stratum_mirror"]

STRATA_STUDIES: Final = StratumNames()
"""Kinds of studies that a study of proxies has."""


@contextmanager
def stratum_mirror(
    place: StudyPlace, job: Job, stratum: Stratum, drawn: Sequence[Drawn], scores: Sequence[SiteScores]
) -> Iterator[Machine]:
    """The job's machine, which tells a study how the runs of what was drawn end; closed at the end.

    Value: the mean metric over seeds. Attributes: who drew it, the proxies' scores. Each has a note in words;
    rank maps are not drawn, as there may be thousands.
    """
    objective = job.task.objective
    planned = [one.allocation for one in drawn], job.seeds  # both may grow from start to start
    aim = Aim(objective.metric_title, objective.direction)
    study = place.of(planned).study([aim], kind=stratum.name)
    choices = TrialAxes.of(job.space, max(stratum.max_params, 1))
    trials = [_trial(number, one, job, scores, aim) for number, one in enumerate(drawn)]
    mark = job.workload.fingerprint
    runs = [[(mark, one) for one in job.candidates(own.allocation)] for own in drawn]
    with (
        opened_mirror(place.where, study, job.space, choices, folder=None, named=place.chosen) as mirror,
        shown_by_seeds(job.machine, trials, runs, mirror.show, mirror.full) as machine,
    ):
        yield machine


def _trial(number: int, one: Drawn, job: Job, scores: Sequence[SiteScores], aim: Aim) -> AllocationTrial:
    params, who = job.space.params(one.allocation), "+".join(map(str, one.origins))
    of_proxies = {table.proxy: table.of(one.allocation) for table in scores}
    rows = counted(len(job.workload.rows), f"{job.report_on} row")
    return AllocationTrial(
        number,
        one.allocation,
        params,
        attributes={"drawn by": who, **of_proxies},
        note=seeds_note(who, size_of(one.allocation, params), aim, rows, seeds=len(job.seeds)),
    )
