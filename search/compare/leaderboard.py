"""What a comparison found: every arm's runs, and how they differ from uniform LoRA's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from evaluators.training.candidate import Trained
from search.statistics.paired import PairedDifference, holm_corrected
from search.statistics.summary import Summary
from spaces.direction import Direction, sign_of

from .arm import Arm

__all__ = ["ArmRuns", "Row", "leaderboard"]


@dataclass(frozen=True, slots=True, eq=False)
class ArmRuns:
    """An arm as it was reported: under the scaling and learning rate chosen for it, a run per seed."""

    arm: Arm
    scaling: str
    learning_rate: float
    runs: tuple[Trained, ...]

    @property
    def metrics(self) -> tuple[float | None, ...]:
        """One per seed, None where it failed."""
        return tuple(run.evaluation.metric for run in self.runs)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the leaderboard, in the metric's units, parameters and seconds a run.

    average, peak: parameters that were trained, over the steps; end: what is left, dead ranks cut away; the
    head apart. overhead: seconds over plain LoRA's; None without it. peak_memory: bytes.
    """

    label: str
    space: str
    renorm: str
    scaling: str
    learning_rate: float
    metrics: tuple[float | None, ...]
    metric: Summary | None
    median: float | None
    loss: Summary | None
    difference: PairedDifference | None
    end: int | None
    average: float | None
    peak: int | None
    seconds: float | None
    overhead: float | None
    peak_memory: int | None
    failures: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """A JSON object."""
        return asdict(self)


def leaderboard(
    arms: Sequence[ArmRuns], baseline: str | None, *, direction: Direction = "maximize"
) -> list[Row]:
    """A row per arm: those with the fewest failed seeds first, the best mean first among them.

    baseline: the label of the arm to compare with; None where there is none. direction: of the metric.
    """
    sign = sign_of(direction)
    reference = next((one for one in arms if one.arm.label == baseline), None)
    rows = [_row(one, reference) for one in arms]
    corrected = iter(holm_corrected([row.difference for row in rows if row.difference]))
    rows = [replace(row, difference=next(corrected)) if row.difference else row for row in rows]
    return sorted(rows, key=lambda row: (len(row.failures), -sign * row.metric.mean if row.metric else 0.0))


def _row(one: ArmRuns, reference: ArmRuns | None) -> Row:
    done = [run for run in one.runs if run.evaluation.failure is None]
    metrics = [run.evaluation.metric for run in done if run.evaluation.metric is not None]
    losses = [run.evaluation.loss for run in done if run.evaluation.loss is not None]
    courses = [run.course for run in done if run.course is not None]
    seconds = _seconds(one)
    base_seconds = _seconds(reference) if reference else None
    return Row(
        one.arm.label,
        one.arm.space,
        one.arm.renorm,
        one.scaling,
        one.learning_rate,
        one.metrics,
        Summary.of(metrics) if metrics else None,
        float(np.median(metrics)) if metrics else None,
        Summary.of(losses) if losses else None,
        None
        if reference is None or reference is one
        else PairedDifference.of(one.metrics, reference.metrics),
        round(float(np.mean([course.end for course in courses]))) if courses else None,
        float(np.mean([course.average for course in courses])) if courses else None,
        max((course.peak for course in courses), default=None),
        seconds,
        seconds / base_seconds if seconds and base_seconds else None,
        max((run.evaluation.peak_memory for run in done), default=None),
        tuple(run.evaluation.failure for run in one.runs if run.evaluation.failure is not None),
    )


def _seconds(one: ArmRuns) -> float | None:
    times = [run.evaluation.seconds for run in one.runs if run.evaluation.failure is None]
    return float(np.mean(times)) if times else None
