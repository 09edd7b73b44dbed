"""Everything that is trained, as curves: its training losses, learning rates, and how it was judged."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from evaluators.executors.workload import Workload
from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Candidate, Evaluation, Trained

from .loss_log import LossLog, LossPoint

__all__ = ["CurveLog", "TrainingLog", "Unlogged"]

_UNFIT: Final = re.compile(r"[^A-Za-z0-9@.=_]+")  # for the name of a folder; becomes one dash
_LONGEST: Final = 60


class TrainingLog(Protocol):
    """Is told what comes of every candidate's training, stretch by stretch, and of what finished before."""

    def named(self, candidate: Candidate, name: str, /, of: Workload | None = None) -> None:
        """What a person calls a candidate that may be trained; the first name is kept. of: the workload that
        trains it so called, where others may, too."""

    def __call__(self, workload: Workload, mark: str, trained: Trained, /) -> None:
        """mark: tells the workload from others, as its fingerprint does."""


@dataclass(frozen=True, slots=True)
class Unlogged:
    """A ``TrainingLog`` that keeps nothing."""

    def named(self, candidate: Candidate, name: str, /, of: Workload | None = None) -> None: ...

    def __call__(self, workload: Workload, mark: str, trained: Trained, /) -> None: ...


class CurveLog:
    """A ``TrainingLog`` that tells a ``LossLog``."""

    def __init__(self, log: LossLog) -> None:
        self._log = log
        self._names: dict[tuple[Workload | None, Candidate], str] = {}
        self._told: dict[str, int] = {}  # run -> steps of it that were told

    def named(self, candidate: Candidate, name: str, /, of: Workload | None = None) -> None:
        self._names.setdefault((of, candidate), _UNFIT.sub("-", name)[:_LONGEST].strip("-"))

    def __call__(self, workload: Workload, mark: str, trained: Trained, /) -> None:
        one = trained.evaluation
        run = self._run(workload, mark, one.candidate)
        before = self._told.get(run, 0)
        if len(one.curve) > before or run not in self._told:
            points = [*_trained(workload, one, before), *_judged(workload, one)]
            self._log(run, points, _settings(workload, one.candidate))
            self._told[run] = len(one.curve)

    def _run(self, workload: Workload, mark: str, candidate: Candidate) -> str:
        """Its name and, since several workloads may train it, a digest that tells it from others."""
        known = [
            mark,
            *candidate.allocation.ranks,
            candidate.seed,
            candidate.learning_rate,
            candidate.scaling,
        ]
        digest = hashlib.sha256(json.dumps(known).encode()).hexdigest()[:8]
        method = "lora" if workload.policy is None else type(workload.policy).__name__.lower()
        usual = self._names.get((None, candidate), f"{method}-lr{candidate.learning_rate:g}")
        name = self._names.get((workload, candidate), usual)
        return f"{name}-seed{candidate.seed}-{digest}"


def _trained(workload: Workload, one: Evaluation, before: int) -> Iterator[LossPoint]:
    """Of every step after the first ``before``."""
    recipe, rate = workload.recipe, one.candidate.learning_rate
    total = recipe.steps(len(workload.task.train))
    for step, loss in enumerate(one.curve[before:], start=before):
        yield LossPoint("train/loss", step + 1, loss)
        factor = linear_schedule(step, total, warmup=recipe.warmup)
        yield LossPoint("train/learning_rate", step + 1, rate * factor)


def _judged(workload: Workload, one: Evaluation) -> Iterator[LossPoint]:
    """The evaluation at the last step; nothing where there was none."""
    values = {"loss": one.loss, workload.task.objective.metric: one.metric, **dict(one.beside)}
    for name, value in values.items():
        if value is not None:
            yield LossPoint(f"{workload.report_on}/{name}", len(one.curve), value)


def _settings(workload: Workload, candidate: Candidate) -> dict[str, str | float]:
    ranks = " ".join(f"{site}={rank}" for site, rank in candidate.allocation.ranks if rank)
    scaling = workload.recipe.scaling_of(candidate)
    rates = {"learning_rate": candidate.learning_rate, "seed": candidate.seed}
    return {**rates, "scaling": scaling.rule, "ranks": ranks}
