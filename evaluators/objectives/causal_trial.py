"""Whether a model is a language model that can be trained in parts: found out by trial, not by its name."""

from __future__ import annotations

from typing import Final
from weakref import WeakSet

import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.errors import InputError
from spaces.foreign import foreign

from .own_head import OwnHead, body_of

__all__ = ["check_language_model"]

_TRIED: Final[WeakSet[PreTrainedModel]] = WeakSet()  # those that passed, as long as they live
_PLACES: Final = 4
_ROUNDING: Final = 64  # times the machine's epsilon: products of other shapes are summed in another order


@torch.no_grad()
def check_language_model(model: PreTrainedModel) -> None:
    """Raises InputError where a model's loss cannot be taken as ``at_targets`` takes it.

    Its logits must be its own head's of its body's hidden states, place by place, and those of a place must
    not depend on later tokens, or it would see what it is to foretell. A model is tried once, on a row of a
    few tokens; on the meta device there is nothing to try.
    """
    if model in _TRIED or model.device.type == "meta":
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
    bound = _ROUNDING * torch.finfo(model.dtype).eps * float(logits.abs().max())
    if not float((in_parts - logits).abs().max()) <= bound:
        raise InputError(
            f"the logits of this {kind} model are not its head's of its hidden states alone, so that "
            "its loss cannot be taken in parts; choose another model."
        )
    if not float((beside - logits)[:-1].abs().max()) <= bound:
        raise InputError(
            f"this {kind} model sees the tokens that it is to foretell: what it says at a place depends on "
            "later ones; choose a decoder."
        )
    _TRIED.add(model)


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
