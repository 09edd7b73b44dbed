"""A padded batch of rows on a model's device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel

from .rows import Rows, padded_inputs

__all__ = ["model_inputs"]


def model_inputs(
    model: PreTrainedModel | PeftModel, rows: Rows, indices: Sequence[int] | np.ndarray, *, least: int = 0
) -> dict[str, Tensor]:
    """What its forward takes for the rows at ``indices``, as ``padded_inputs``: (len(indices), tokens).

    Padded with the model's own pad token. least: the tokens that a row is padded to at least.
    """
    arrays = padded_inputs(rows, indices, pad_token_id=model.config.pad_token_id, least=least)
    return {name: torch.from_numpy(array).to(model.device) for name, array in arrays.items()}
