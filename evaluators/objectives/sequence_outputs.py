"""What a sequence classifier says of each row: its logits."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from transformers import PreTrainedModel

from spaces.counted import counted
from spaces.errors import InputError
from spaces.objective import Batch

__all__ = ["row_logits", "summed_logits"]


def row_logits(model: PreTrainedModel, batch: Batch, labels: int) -> Tensor:
    """Logits (rows, labels), float32; raises InputError where the model gives anything else."""
    logits: Tensor = model(**batch.inputs).logits
    expected = len(batch), labels
    if not isinstance(logits, Tensor) or tuple(logits.shape) != expected:
        given = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise InputError(
            f"this {model.config.model_type} model gives outputs {given} for {counted(expected[0], 'row')} "
            f"and {counted(labels, 'label')}, not {expected}; choose another model."
        )
    return logits.float()


def summed_logits(model: PreTrainedModel, inputs: Mapping[str, Tensor]) -> Tensor:
    """The sum of all logits, a float32 scalar with its graph."""
    logits: Tensor = model(**inputs).logits
    return logits.float().sum()
