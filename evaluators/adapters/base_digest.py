"""Telling the base weights that an adapter was trained on from others of the same shapes."""

from __future__ import annotations

import hashlib
from typing import Final

import torch
from transformers import PreTrainedModel

__all__ = ["base_digest"]

_PLAIN: Final = (torch.float32, torch.bfloat16)  # float16 rounds to other bfloat16 than float32 does
_LOOKED_AT: Final = 4096  # values of each tensor; other weights differ in the first


@torch.no_grad()
def base_digest(model: PreTrainedModel) -> str | None:
    """SHA-256 of the first values of each of the base model's parameters, rounded to bfloat16.

    So it is the same in float32 and in bfloat16. None where some are neither, as quantized ones. Costs a copy
    of 4,096 numbers a parameter.
    """
    digest = hashlib.sha256()
    for name, parameter in sorted(model.base_model.named_parameters()):
        if parameter.dtype not in _PLAIN:
            return None
        first = parameter.detach().flatten()[:_LOOKED_AT].bfloat16().view(torch.int16)
        digest.update(f"{name} {tuple(parameter.shape)} ".encode() + first.cpu().numpy().tobytes())
    return digest.hexdigest()
