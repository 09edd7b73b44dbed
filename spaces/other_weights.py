"""A model asked with other weights in place of its own, whatever is asked of it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from spaces.objective import Batch, Compute

__all__ = ["with_weights"]


def with_weights(
    compute: Compute, model: PreTrainedModel, batch: Batch, weights: Mapping[str, Tensor]
) -> tuple[Tensor, ...]:
    """What ``compute`` gives where these tensors stand for the model's own of their names.

    They get their gradients; what is tied to one of them follows it. The model itself does not change.

    Args:
        compute: what is asked.
        model: which is asked.
        batch: of what.
        weights: by full name in the model, each in the shape of its own.
    """
    own = {f"model.{name}": tensor for name, tensor in weights.items()}
    answer: tuple[Tensor, ...] = torch.func.functional_call(_Asked(model, compute), own, (batch,))
    return answer


class _Asked(nn.Module):
    """A question as a module, which ``functional_call`` can put weights into."""

    def __init__(self, model: PreTrainedModel, compute: Compute) -> None:
        super().__init__()
        self.model, self._compute = model, compute

    def forward(self, batch: Batch) -> tuple[Tensor, ...]:
        return self._compute(self.model, batch)
