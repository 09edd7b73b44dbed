"""Multiple choice: a language model learns what is right, and answers what it holds for likeliest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from evaluators.metrics.chance import Chance
from evaluators.metrics.classes import CLASS_METRICS
from spaces.direction import Direction
from spaces.errors import InputError, UsageError
from spaces.objective import Architecture, Batch, Losses

from .causal_lm import CausalLM
from .choice_labels import COVERED, Choices, choices_of
from .labels import Labels
from .task_objective import Score

__all__ = ["MultipleChoice"]

_TOKENS: Final = CausalLM()
"""What is learned, and in how many parts: the tokens of right choices."""


@dataclass(frozen=True, slots=True)
class MultipleChoice:
    """One of a question's choices, each of which is a row (``choice_labels``).

    The tokens of the right choice are learned, as a language model learns any. The answer is the choice of
    the largest log-likelihood after the prompt, summed over its tokens, the first of equals: ``acc`` of
    lm-evaluation-harness, where ``acc_norm`` would divide by the choice's length. metric: a name in
    ``CLASS_METRICS``, of the places of the choices. The loss beside it is that of the right choices' tokens.

    >>> MultipleChoice().metric, MultipleChoice().direction
    ('accuracy', 'maximize')
    """

    metric: str = "accuracy"

    architecture: ClassVar[Architecture] = _TOKENS.architecture
    direction: ClassVar[Direction] = "maximize"
    rows_apart: ClassVar[bool] = True
    in_percent: ClassVar[bool] = True
    rounding: ClassVar[float] = _TOKENS.rounding
    metric_label: ClassVar[str | None] = None
    label_names: ClassVar[tuple[str, ...]] = ()
    num_labels: ClassVar[int | None] = None
    problem_type: ClassVar[str | None] = None

    def __post_init__(self) -> None:
        if self.metric not in CLASS_METRICS:
            known = ", ".join(CLASS_METRICS)
            raise UsageError(f"`metric={self.metric}` is not for multiple choice; choose one of {known}.")

    @property
    def metric_title(self) -> str:
        return self.metric

    def head(self, model: PreTrainedModel) -> Mapping[str, nn.Module]:
        """Nothing."""
        return _TOKENS.head(model)

    def check_model(self, model: PreTrainedModel) -> None:
        """As of any language model."""
        _TOKENS.check_model(model)

    def losses(self, model: PreTrainedModel, batch: Batch) -> Losses:
        """Of right choices; others have no target."""
        return _TOKENS.losses(model, batch)

    def targets(self, labels: Tensor) -> Tensor:
        return _TOKENS.targets(labels)

    def losses_of(self, logits: Tensor, labels: Tensor) -> Losses:
        return _TOKENS.losses_of(logits, labels)

    def outputs(self, model: PreTrainedModel, batch: Batch) -> Tensor:
        """(rows, 3), of every choice, right or wrong: the sum of its tokens' losses, how many these are, and
        how many the model would have said."""
        return _TOKENS.outputs(model, Batch(batch.inputs, _uncovered(batch.labels)))

    def total(self, model: PreTrainedModel, inputs: Mapping[str, Tensor]) -> Tensor:
        return _TOKENS.total(model, inputs)

    def classes(self, batch: Batch) -> Tensor | None:
        """None: what is right has another place in every question."""
        return None

    def comparable(self, outputs: Tensor) -> Tensor:
        return _TOKENS.comparable(outputs)

    def score(self, outputs: Tensor, labels: Labels) -> Score | None:
        """Over the questions whose right choice is among the rows, in any order.

        Raises InputError where there is none.
        """
        if not torch.isfinite(outputs).all():
            return None
        choices, answers = _answered(labels)
        losses = outputs[:, 0].double().numpy()[choices.rows]
        order = np.lexsort((choices.places, losses, choices.questions))
        first = np.unique(choices.questions[order], return_index=True)[1]
        likeliest = choices.places[order][first]
        right = outputs[choices.rows[choices.right]].double().sum(0)
        return Score(CLASS_METRICS[self.metric](likeliest, answers), float(right[0] / right[1]))

    def chance(self, labels: Labels) -> Chance:
        """Of always choosing the first, the second, ...; no loss is too large to have learned something."""
        choices, answers = _answered(labels)
        metrics = tuple(
            CLASS_METRICS[self.metric](np.full_like(answers, place), answers)
            for place in range(int(choices.places.max()) + 1)
        )
        return Chance(math.inf, metrics, len(answers))


def _uncovered(labels: Tensor) -> Tensor:
    """The same with the tokens of wrong choices in their places; at place 0, never a target, is a number."""
    return labels.where(labels > COVERED, COVERED - labels)


def _answered(labels: Labels) -> tuple[Choices, np.ndarray]:
    """The choices of the questions whose answer is there, and the place of each answer: (questions,), in the
    order of the questions' numbers."""
    assert isinstance(labels, tuple)
    choices = choices_of(labels)
    known = np.isin(choices.questions, choices.questions[choices.right])
    choices = Choices(*(column[known] for column in choices))
    if not len(choices.rows):
        raise InputError("no row is a choice to be judged; give rows of questions with their right choice.")
    right = np.flatnonzero(choices.right)
    return choices, choices.places[right[np.argsort(choices.questions[right], kind="stable")]]
