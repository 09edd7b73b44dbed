"""Training one allocation at every rate and scaling rule side by side, judged on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.executors.workload import Workload
from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Candidate
from evaluators.training.cohort import Cohort
from evaluators.training.data_order import batches_from
from evaluators.training.gate_policy import GateHooks, Step
from evaluators.training.train_step import train_step
from search.sampling.configuration import Configuration

from .curve_table import Curve

__all__ = ["train_curves"]


def train_curves(
    model: PreTrainedModel,
    workload: Workload,
    configurations: Sequence[Configuration],
    *,
    seed: int,
    judged_at: Sequence[int],
) -> list[Curve]:
    """The curves of these configurations, in order, trained as one cohort.

    Args:
        model: frozen.
        workload: its sites, rows and recipe.
        configurations: as many as fit into memory together.
        seed: of the weights and the data order of all of them.
        judged_at: steps after which each is judged on the validation rows; the last one ends the training.
    """
    training = _Training(model, workload, configurations, seed)
    scores: list[list[tuple[float, float] | None]] = []
    seconds = judging = 0.0
    with training.cohort.wires.attach(model, renorm=workload.recipe.renorm), training.cohort.head.attach():
        for step, batch in enumerate(islice(training.batches(), judged_at[-1])):
            began = time.perf_counter()
            training.take(step, batch)
            trained = time.perf_counter()
            seconds += trained - began
            if step + 1 in judged_at:
                scores.append(training.judged())
                judging += time.perf_counter() - trained
    each = len(configurations)
    return [
        Curve(
            configuration,
            seed,
            tuple(one and one[0] for one in own),
            tuple(one and one[1] for one in own),
            seconds / each,
            judging / each / len(judged_at),
        )
        for configuration, own in zip(configurations, zip(*scores, strict=True), strict=True)
    ]


class _Training:
    """A cohort, one configuration in each slot."""

    def __init__(
        self, model: PreTrainedModel, workload: Workload, configurations: Sequence[Configuration], seed: int
    ) -> None:
        self.task, self.recipe = workload.task, workload.recipe
        self.seed, self.configurations = seed, configurations
        candidates = [
            Candidate(one.allocation, seed, one.learning_rate, one.scaling) for one in configurations
        ]
        self.cohort = Cohort(
            model, workload.sites, self.task.objective, candidates, self.recipe, slots=len(candidates)
        )
        for slot, candidate in enumerate(candidates):
            self.cohort.load(slot, candidate)
        self.total = self.recipe.steps(len(self.task.train))

    def batches(self) -> Iterator[np.ndarray]:
        """Rows of every step, the same for all."""
        lengths = np.array([len(ids) for ids in self.task.train.input_ids])
        return batches_from(lengths, self.recipe.batch_size, seed=self.seed)

    def take(self, step: int, batch: np.ndarray) -> None:
        """One step of all."""
        rise = linear_schedule(step, self.total, warmup=self.recipe.warmup)
        steps = [
            Step(slot, step, self.total, one.learning_rate * rise)
            for slot, one in enumerate(self.configurations)
        ]
        train_step(self.cohort, steps, self.task.train, [batch] * len(steps), GateHooks())

    def judged(self) -> list[tuple[float, float] | None]:
        """(loss, metric) of each on the validation rows; None where its outputs are not finite."""
        outputs = self.cohort.outputs(range(len(self.configurations)), self.task.validation)
        return [self._score(own) for own in outputs]

    def _score(self, outputs: Tensor) -> tuple[float, float] | None:
        score = self.task.objective.score(outputs, self.task.validation.labels)
        return None if score is None else (score.loss, score.metric)
