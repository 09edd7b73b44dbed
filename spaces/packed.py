"""Weights that are packed in 4 or 8 bits: how many numbers they hold, and who cannot use them."""

from __future__ import annotations

from torch import Tensor
from transformers import PreTrainedModel

from .errors import InputError

__all__ = ["bits_of", "check_unpacked", "numbers_in"]


def numbers_in(parameter: Tensor) -> int:
    """How many weights a parameter stands for, whatever number of bytes they are packed into.

    >>> import torch
    >>> numbers_in(torch.zeros(2, 3))
    6
    """
    state = getattr(parameter, "quant_state", None)  # of bitsandbytes' 4 bits
    return parameter.numel() if state is None else int(state.shape.numel())


def bits_of(model: PreTrainedModel) -> int | None:
    """4 or 8, to which bitsandbytes has packed the model's linears; None where they are as they were."""
    return next((bits for bits in (4, 8) if getattr(model, f"is_loaded_in_{bits}bit", False)), None)


def check_unpacked(model: PreTrainedModel, why: str) -> None:
    """Raises InputError where some of the model's weights are packed. why: what needs them as they are."""
    packed = next((name for name, one in model.named_parameters() if not one.is_floating_point()), None)
    if packed is not None:
        raise InputError(
            f"{why}, and {packed} is packed in 4 or 8 bits; load the model without `load_in_4bit` and "
            "`load_in_8bit`, or leave it out."
        )
