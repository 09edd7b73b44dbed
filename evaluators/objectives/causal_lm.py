"""Language modelling: every token that is to be learned is foretold from those before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from evaluators.metrics.chance import Chance
from evaluators.metrics.of_tokens import TOKEN_METRICS, Tokens, find_token_metric
from spaces.direction import Direction
from spaces.errors import InputError
from spaces.objective import Architecture, Batch, Losses

from .causal_trial import check_language_model
from .label_shape import check_label_shape
from .labels import Labels
from .task_objective import Score
from .token_losses import at_targets, of_logits, sum_of_logits, targets_of

__all__ = ["CausalLM"]


@dataclass(frozen=True, slots=True)
class CausalLM:
    """The next token of a language model, whose ``lm_head`` stays frozen: nothing trains beside the wires.

    Labels are tokens, one at each place of a row; below zero is no target. All targets of a candidate weigh
    the same. metric: a name in ``TOKEN_METRICS``, which says its direction; the others are told beside it.

    >>> CausalLM().direction, CausalLM("token_accuracy").direction
    ('minimize', 'maximize')
    """

    metric: str = "loss"

    architecture: ClassVar[Architecture] = "causal_lm"
    rows_apart: ClassVar[bool] = True
    rounding: ClassVar[float] = 0.05  # 0.01 of a deep body of large random weights
    metric_label: ClassVar[str | None] = None
    label_names: ClassVar[tuple[str, ...]] = ()
    num_labels: ClassVar[int | None] = None
    problem_type: ClassVar[str | None] = None

    def __post_init__(self) -> None:
        find_token_metric(self.metric)

    @property
    def direction(self) -> Direction:
        return find_token_metric(self.metric).direction

    @property
    def in_percent(self) -> bool:
        return find_token_metric(self.metric).share

    @property
    def metric_title(self) -> str:
        return self.metric

    def head(self, model: PreTrainedModel) -> Mapping[str, nn.Module]:
        """Nothing."""
        return {}

    def check_model(self, model: PreTrainedModel) -> None:
        """Raises InputError where the model is no language model that can be trained in parts."""
        check_language_model(model)

    def losses(self, model: PreTrainedModel, batch: Batch) -> Losses:
        """Of each row's targets, in chunks (``at_targets``)."""
        found = at_targets(model, batch.inputs, batch.labels)
        return Losses(found.losses, found.targets)

    def targets(self, labels: Tensor) -> Tensor:
        """Of the tokens but the first, which has none before it."""
        check_label_shape(labels, each="token")
        return targets_of(labels).sum(1).float()

    def losses_of(self, logits: Tensor, labels: Tensor) -> Losses:
        """The same of logits that are all there: (rows, tokens, vocabulary)."""
        found = of_logits(logits, labels)
        return Losses(found.losses, found.targets)

    def outputs(self, model: PreTrainedModel, batch: Batch) -> Tensor:
        """(rows, 3): of each row's targets the sum of losses, how many there are, and how many are right."""
        return torch.stack(at_targets(model, batch.inputs, batch.labels), dim=1)

    def total(self, model: PreTrainedModel, inputs: Mapping[str, Tensor]) -> Tensor:
        """The sum of the logits of all tokens that are no padding, in chunks."""
        return sum_of_logits(model, inputs)

    def classes(self, batch: Batch) -> Tensor | None:
        """None: a row has many tokens, and no class."""
        return None

    def comparable(self, outputs: Tensor) -> Tensor:
        """The loss a target, (rows, 1); 0 where there is none."""
        return outputs[:, :1] / outputs[:, 1:2].clamp(min=1)

    def score(self, outputs: Tensor, labels: Labels) -> Score | None:
        """Over all targets of all rows together, in float64; raises InputError where there are none."""
        if not torch.isfinite(outputs).all():
            return None
        loss, targets, correct = outputs.double().sum(0).tolist()
        if not targets:
            raise InputError("no row has a target to be judged by; give rows with tokens to foretell.")
        tokens = Tokens(loss, correct, targets)
        found = {name: metric.of(tokens) for name, metric in TOKEN_METRICS.items()}
        metric = found.pop(self.metric)
        return Score(metric, tokens.loss / tokens.targets, tuple(found.items()))

    def chance(self, labels: Labels) -> Chance | None:
        """None: no answer that heeds no text says anything of a language model."""
        return None
