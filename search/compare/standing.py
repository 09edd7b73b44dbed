"""How every arm did: its runs in one line, and how they differ from uniform LoRA's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from evaluators.training.beside import values_beside
from evaluators.training.candidate import Trained
from search.statistics.paired import PairedDifference, holm_corrected
from search.statistics.summary import Summary
from spaces.direction import Direction, sign_of

from .arm import Arm

__all__ = ["ArmRuns", "Standing", "standings"]


@dataclass(frozen=True, slots=True, eq=False)
class ArmRuns:
    """An arm as it was reported: under the scaling and learning rate chosen for it, a run per seed.

    max_params: its budget, in parameters.
    """

    arm: Arm
    scaling: str
    learning_rate: float
    runs: tuple[Trained, ...]
    max_params: int

    @property
    def metrics(self) -> tuple[float | None, ...]:
        """One per seed, None where it failed."""
        return tuple(run.evaluation.metric for run in self.runs)

    @property
    def losses(self) -> tuple[float | None, ...]:
        """On the test rows, one per seed, None where it failed."""
        return tuple(run.evaluation.loss for run in self.runs)


@dataclass(frozen=True, slots=True)
class Standing:
    """A line of the leaderboard, in the metric's units, parameters and seconds a run.

    method: its name, without its settings. budget: in parameters. metrics: on the test rows, one per seed,
    None where it failed; then their mean and spread, and median. losses, loss: the same of the loss on these
    rows, whatever the metric is. beside: mean and spread of the objective's other metrics, by name.
    difference, loss_difference: to the baseline's, each corrected for all arms. average, peak: parameters
    that were trained, over the steps; end: what is left, dead ranks cut away; the head apart. overhead:
    seconds over plain LoRA's; None without it. peak_memory: bytes. failures: why.
    """

    label: str
    method: str
    space: str
    budget: int
    renorm: str
    scaling: str
    learning_rate: float
    metrics: tuple[float | None, ...]
    metric: Summary | None
    median: float | None
    losses: tuple[float | None, ...]
    loss: Summary | None
    beside: Mapping[str, Summary]
    difference: PairedDifference | None
    loss_difference: PairedDifference | None
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


def standings(
    arms: Sequence[ArmRuns], baseline: str | None, *, direction: Direction = "maximize"
) -> list[Standing]:
    """A line per arm: those with the fewest failed seeds first, the best mean first among them.

    baseline: the label of the arm to compare with; None where there is none. direction: of the metric.
    """
    reference, sign = next((one for one in arms if one.arm.label == baseline), None), sign_of(direction)
    found = [_standing(one, reference) for one in arms]
    apart = _corrected([one.difference for one in found])
    apart_in_loss = _corrected([one.loss_difference for one in found])
    found = [
        replace(one, difference=of_metric, loss_difference=of_loss)
        for one, of_metric, of_loss in zip(found, apart, apart_in_loss, strict=True)
    ]
    return sorted(found, key=lambda one: (len(one.failures), -sign * one.metric.mean if one.metric else 0.0))


def _corrected(differences: Sequence[PairedDifference | None]) -> list[PairedDifference | None]:
    """The same, those that there are for all of them together."""
    corrected = iter(holm_corrected([one for one in differences if one]))
    return [next(corrected) if one else None for one in differences]


def _standing(one: ArmRuns, reference: ArmRuns | None) -> Standing:
    done = [run for run in one.runs if run.evaluation.failure is None]
    metrics = [run.evaluation.metric for run in done if run.evaluation.metric is not None]
    losses = [run.evaluation.loss for run in done if run.evaluation.loss is not None]
    beside = values_beside(run.evaluation for run in done)
    courses = [run.course for run in done if run.course is not None]
    seconds = _seconds(one)
    base_seconds = _seconds(reference) if reference else None
    return Standing(
        label=one.arm.label,
        method=one.arm.name,
        space=one.arm.space,
        budget=one.max_params,
        renorm=one.arm.renorm,
        scaling=one.scaling,
        learning_rate=one.learning_rate,
        metrics=one.metrics,
        metric=Summary.of(metrics) if metrics else None,
        median=float(np.median(metrics)) if metrics else None,
        losses=one.losses,
        loss=Summary.of(losses) if losses else None,
        beside={name: Summary.of(values) for name, values in beside.items()},
        difference=_difference(one, reference, lambda arm: arm.metrics),
        loss_difference=_difference(one, reference, lambda arm: arm.losses),
        end=round(float(np.mean([course.end for course in courses]))) if courses else None,
        average=float(np.mean([course.average for course in courses])) if courses else None,
        peak=max((course.peak for course in courses), default=None),
        seconds=seconds,
        overhead=seconds / base_seconds if seconds and base_seconds else None,
        peak_memory=max((run.evaluation.peak_memory for run in done), default=None),
        failures=tuple(run.evaluation.failure for run in one.runs if run.evaluation.failure is not None),
    )


def _seconds(one: ArmRuns) -> float | None:
    times = [run.evaluation.seconds for run in one.runs if run.evaluation.failure is None]
    return float(np.mean(times)) if times else None


def _difference(
    one: ArmRuns, reference: ArmRuns | None, values: Callable[[ArmRuns], tuple[float | None, ...]]
) -> PairedDifference | None:
    """To the reference; None of the reference itself, and without one. values: of an arm, one per seed."""
    if reference is None or reference is one:
        return None
    return PairedDifference.of(values(one), values(reference))
