"""Whether a model is a language model that can be trained in parts: found out by trial, not by its name."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.errors import InputError
from spaces.foreign import foreign

from .own_head import OwnHead, body_of

__all__ = ["check_language_model"]

_PLACES: Final = 4
_16_BITS: Final = (torch.float16, torch.bfloat16)


@torch.no_grad()
def check_language_model(model: PreTrainedModel) -> None:
    """Raises InputError where a model's loss cannot be taken as ``at_targets`` takes it.

    Its logits must be its own head's of its body's hidden states, place by place, and those of a place must
    not depend on later tokens, or it would see what it is to foretell. The model is run on a row of a few
    tokens; on the meta device there is nothing to try.
    """
    if model.device.type == "meta":
        return
    if model.base_model is model:
        raise InputError(
            f"{type(model).__name__} does not say which part of it is its body (base_model_prefix="
            f"{model.base_model_prefix!r} names none); choose another model."
        )
    kind, vocabulary = model.config.model_type, model.config.get_text_config().vocab_size
    tokens = torch.arange(_PLACES, device=model.device)[None] % vocabulary
    other = tokens.clone()
    other[:, -1] = (other[:, -1] + 1) % vocabulary
    with foreign(f"this {kind} model cannot be run as a language model", "choose another model"):
        logits, in_parts, beside = _logits(model, tokens), _in_parts(model, tokens), _logits(model, other)
    if not _largest(in_parts - logits) <= _of_logits(model.dtype) * _largest(logits):
        raise InputError(
            f"the logits of this {kind} model are not its head's of its hidden states alone, so that "
            "its loss cannot be taken in parts; choose another model."
        )
    apart = beside - logits
    if not _largest(apart[:-1]) <= _of_change(model.dtype) * _largest(apart[-1]):
        raise InputError(
            f"this {kind} model sees the tokens that it is to foretell: what it says at a place depends on "
            "later ones; choose a decoder."
        )


def _of_logits(dtype: torch.dtype) -> float:
    """How far rounding may move logits, of the largest: products of other shapes are summed in another order.

    Six epsilons were the most that any family of transformers was seen to need, in 32 bits.
    """
    return (4 if dtype in _16_BITS else 64) * torch.finfo(dtype).eps


def _of_change(dtype: torch.dtype) -> float:
    """What may change before a token, of what changes at it: decoders round other sums where experts are
    shared out anew, 2e-6 in 32 bits; in an encoder with fresh weights of the usual size it is 1e-2."""
    return 5e-3 if dtype in _16_BITS else 1e-3


def _largest(values: Tensor) -> float:
    return float(values.abs().max())


def _inputs(tokens: Tensor) -> dict[str, Tensor]:
    return {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}


def _logits(model: PreTrainedModel, tokens: Tensor) -> Tensor:
    """(places, vocabulary) float32, of the one row."""
    logits: Tensor = model(**_inputs(tokens)).logits
    return logits[0].float()


def _in_parts(model: PreTrainedModel, tokens: Tensor) -> Tensor:
    """The same by the head alone, half of the places at a time."""
    body = body_of(model, _inputs(tokens))
    head = OwnHead(model, body)
    halves = body["last_hidden_state"][0].split(_PLACES // 2)
    return torch.cat([head.logits(half).float() for half in halves])
