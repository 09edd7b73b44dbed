"""A padded batch of rows on a model's device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from peft import PeftModel
from transformers import PreTrainedModel

from spaces.objective import Batch

from .rows import Rows, padded_inputs, padded_labels

__all__ = ["batch_of"]


def batch_of(
    model: PreTrainedModel | PeftModel, rows: Rows, indices: Sequence[int] | np.ndarray, *, least: int = 0
) -> Batch:
    """The rows at ``indices``, in that order, on the model's device.

    Padded as by ``padded_inputs`` and ``padded_labels``, with the model's own pad token.
    least: the tokens that a row is padded to at least.
    """
    arrays = padded_inputs(rows, indices, pad_token_id=model.config.pad_token_id, least=least)
    labels = padded_labels(rows, indices, width=arrays["input_ids"].shape[1])
    inputs = {name: torch.from_numpy(array).to(model.device) for name, array in arrays.items()}
    return Batch(inputs, torch.from_numpy(labels).to(model.device))
