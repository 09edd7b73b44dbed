"""A model's own loss as an objective: whatever its class was made for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from spaces.counted import counted
from spaces.direction import Direction
from spaces.errors import InputError
from spaces.foreign import foreign
from spaces.objective import Batch, Losses

__all__ = ["OwnLoss"]


@dataclass(frozen=True, slots=True)
class OwnLoss:
    """What the model itself calls its loss when it is given ``labels``.

    It is one number a batch, so every row with a target is said to have that loss and one target: the mean
    over the rows is the model's. Nothing trains beside the wires, and nothing is known of single rows.
    """

    direction: ClassVar[Direction] = "minimize"
    rows_apart: ClassVar[bool] = False

    def head(self, model: PreTrainedModel) -> Mapping[str, nn.Module]:
        """None: what the model has is taken as it is."""
        return {}

    def losses(self, model: PreTrainedModel, batch: Batch) -> Losses:
        """The model's own loss, at every row with a target.

        Raises InputError where it gives none, or one that is not finite: of a language model the first token
        of a row is foretold by nothing, so that a batch with no other target has no loss.
        """
        loss: Any = model(**batch.inputs, labels=batch.labels).loss
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            raise InputError(
                f"this {type(model).__name__} gives no loss when it is called with labels; give a model with "
                "a head for its task, as AutoModelForCausalLM or AutoModelForSequenceClassification load it."
            )
        if not bool(torch.isfinite(loss)):
            raise InputError(
                f"the loss of this {type(model).__name__} is {float(loss.detach())} on a batch of "
                f"{counted(len(batch), 'row')}; give batches that each have labels it foretells (a "
                "language model never foretells the first token), and a model whose weights are finite."
            )
        counts = self.targets(batch.labels)
        return Losses(torch.where(counts > 0, loss.float().reshape(1), 0), counts)

    def targets(self, labels: Tensor) -> Tensor:
        """One a row; none where its labels, token by token, are all below zero, which losses ignore."""
        if labels.is_floating_point() or labels.ndim < 2:
            return torch.ones(len(labels), device=labels.device)
        return (labels.flatten(1) >= 0).any(1).float()

    def outputs(self, model: PreTrainedModel, batch: Batch) -> Tensor:
        """Raises InputError: nothing is known of single rows."""
        raise InputError(
            f"a {type(model).__name__} is known by its own loss alone, which says nothing of single rows; "
            "name a `proxy` that looks at gradients, such as zico."
        )

    def total(self, model: PreTrainedModel, inputs: Mapping[str, Tensor]) -> Tensor:
        """The sum of the logits."""
        with foreign(f"this {type(model).__name__} gives no logits", "name another `proxy`."):
            total: Tensor = model(**inputs).logits.float().sum()
        return total

    def classes(self, batch: Batch) -> Tensor | None:
        """None: its labels may be anything."""
        return None
