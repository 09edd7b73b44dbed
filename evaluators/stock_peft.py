"""What stock PEFT makes of an adapter's files: found out by loading them, not by a rule."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Final

import numpy as np
import torch
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel

from .rows import Rows, padded_inputs

__all__ = ["first_logits", "why_not_stock"]

_ROWS: Final = 8  # compared; wrong taps and factors show in the first
_TOLERANCE: Final = {torch.float64: 1e-4, torch.float32: 1e-4}  # of the largest logit
_COARSE: Final = 0.1  # of 16 bits: PEFT rounds elsewhere than we do, up to 0.04 in models of three layers


def why_not_stock(folder: Path, model: PreTrainedModel, rows: Rows, ours: Tensor) -> str | None:
    """Why the PEFT adapter in a folder is not what was trained; None where PEFT's logits are ours.

    model: the base model, which is neither changed nor copied: PEFT gets modules of its own around the same
    tensors. ours: ``first_logits`` with the adapter attached.
    """
    cuda = [model.device] if model.device.type == "cuda" else []
    with _twin(model) as own, torch.random.fork_rng(devices=cuda), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            stock = PeftModel.from_pretrained(own, folder, torch_device=str(model.device))
            theirs = first_logits(stock.eval(), rows)
        except Exception as error:  # whatever PEFT says of a model that it does not know
            reason = shorten(str(error), 160, placeholder="...")
            return f"PEFT cannot load it ({type(error).__name__}: {reason})"
    largest, apart = float(ours.abs().max()), float((theirs - ours).abs().max())
    if apart <= _TOLERANCE.get(model.dtype, _COARSE) * largest:  # False of NaN
        return None
    return f"PEFT's logits differ from ours by {apart:.2g}, of at most {largest:.2g}"


@torch.no_grad()
def first_logits(model: PreTrainedModel | PeftModel, rows: Rows) -> Tensor:
    """Logits of the first few rows, (n, labels) float32 on the CPU."""
    first = np.arange(min(_ROWS, len(rows)))
    inputs = padded_inputs(rows, first, pad_token_id=model.config.pad_token_id)
    logits: Tensor = model(
        **{name: torch.from_numpy(ids).to(model.device) for name, ids in inputs.items()}
    ).logits
    return logits.float().cpu()


@contextmanager
def _twin(model: PreTrainedModel) -> Iterator[PreTrainedModel]:
    """A model with modules of its own and the same tensors, which are as they were afterwards."""
    tensors = [*model.parameters(), *model.buffers()]
    trains = [tensor.requires_grad for tensor in tensors]
    try:
        yield copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
    finally:
        for tensor, flag in zip(tensors, trains, strict=True):
            tensor.requires_grad_(flag)  # PEFT freezes what it wraps
