"""What an arm's runs are worth by any metric of a paper's table, cut to any rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from evaluators.data.task import Task
from evaluators.metrics.of_text import TEXT_METRICS
from evaluators.metrics.of_tokens import TOKEN_METRICS
from evaluators.objectives.task_objective import Score
from evaluators.training.candidate import Trained
from evaluators.training.rank_sweep import cut_to_rank, rank_sweep
from search.compare.presets.preset import Cell, Number, SeedStatistic
from search.job.ground import Ground
from search.job.progress import Progress, silent
from search.job.text_record import TextRecord
from search.job.texts import Writers, write_texts
from spaces.direction import Direction, sign_of

from .arm_training import Planned
from .standing import ArmRuns

__all__ = ["CellValues"]


@dataclass(frozen=True, slots=True, eq=False)
class CellValues:
    """The runs of one arm, as the cells of a table ask about them.

    own, planned: the arm's runs on the test rows, and how they were trained. ground: with the test of text.
    text: what all arms wrote; None where they were not asked to. folder: keeps what cut runs write.
    """

    own: ArmRuns
    planned: Planned
    ground: Ground
    text: TextRecord | None
    folder: Path
    progress: Progress = silent
    _scores: dict[int, list[Score | None]] = field(default_factory=dict, init=False)
    _texts: dict[int, TextRecord | None] = field(default_factory=dict, init=False)

    def number(self, cell: Cell, statistic: SeedStatistic) -> Number | None:
        """Of the seeds that finished, as papers print it; of several ranks the best. None without one."""
        if not cell.ranks:
            return _summary(self._values(cell, None), statistic)
        sign = sign_of(_direction(cell, self._task))
        numbers = [
            Number(found.value, found.sd, rank if len(cell.ranks) > 1 else None)
            for rank in cell.ranks
            if (found := _summary(self._values(cell, rank), statistic)) is not None
        ]
        return max(numbers, key=lambda number: sign * number.value, default=None)

    @property
    def _task(self) -> Task:
        return self.planned.workload.task

    @property
    def _finished(self) -> list[Trained]:
        return [run for run in self.own.runs if run.evaluation.failure is None]

    def _values(self, cell: Cell, rank: int | None) -> list[float]:
        """In the paper's unit. rank: to which the runs are cut; None leaves them as they are."""
        if cell.metric == "seconds":
            return [run.evaluation.seconds for run in self._finished]
        if cell.metric in TEXT_METRICS:
            return [value / 100 if cell.share else value for value in self._of_text(cell.metric, rank)]
        found = [_of_score(cell.metric, score, self._task) for score in self._judged(rank) if score]
        return [100 * value if share else value for value, share in found]

    def _of_text(self, metric: str, rank: int | None) -> list[float]:
        record = self.text if rank is None else self._text_at(rank)
        values = record.scores[self.own.arm.label].get(metric, ()) if record else ()
        return [value for value in values if value is not None]

    def _text_at(self, rank: int) -> TextRecord | None:
        if rank not in self._texts:
            cuts = [cut_to_rank(run, rank) for run in self._finished]
            writers = [Writers(self.own.arm.label, self.planned.on("test"), cuts)]
            writing = write_texts(writers, self.ground, self.folder, progress=self.progress)
            self._texts[rank] = None if writing is None else writing.record
        return self._texts[rank]

    def _judged(self, rank: int | None) -> Sequence[Score | None]:
        """Of each run that finished."""
        if rank is None:
            evaluations = [run.evaluation for run in self._finished]
            return [
                Score(one.metric, one.loss, one.beside)
                for one in evaluations
                if one.metric is not None and one.loss is not None
            ]
        if not self._scores:
            load, model = self.planned.workload, self.planned.job.model
            for run in self._finished:
                for at in rank_sweep(model, load.sites, load.task, run, load.recipe, load.task.test):
                    self._scores.setdefault(at.rank, []).append(at.score)
        return self._scores.get(rank, [])


def _of_score(metric: str, score: Score, task: Task) -> tuple[float, bool]:
    """The value by a metric of the objective's, by the task's where it is none of the others; and whether it
    is a share, which papers print in percent."""
    beside = dict(score.beside)
    if metric in beside:
        return beside[metric], TOKEN_METRICS[metric].share
    return score.metric, task.objective.in_percent


def _direction(cell: Cell, task: Task) -> Direction:
    for known in (TEXT_METRICS, TOKEN_METRICS):
        if cell.metric in known:
            return known[cell.metric].direction
    return task.objective.direction


def _summary(values: Sequence[float], statistic: SeedStatistic) -> Number | None:
    if not values:
        return None
    middle = np.median(values) if statistic == "median" else np.mean(values)
    return Number(float(middle), float(np.std(values, ddof=1)) if len(values) > 1 else None)
