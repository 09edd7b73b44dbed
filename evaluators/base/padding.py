"""Which token a model's rows are padded with: one that it can embed."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from spaces.counted import counted
from spaces.errors import InputError

__all__ = ["fill_pad_token", "pad_token_of", "settle_padding"]

_log = logging.getLogger(__name__)


def settle_padding(
    model: PreTrainedModel, name: str, tokenizer_of: Callable[[], PreTrainedTokenizerBase]
) -> None:
    """Gives the model's configuration a pad token that its embeddings have, where it has none.

    Decoders have none; some configurations say -1; a pad token that was added to the tokenizer alone lies
    behind the last embedding. Then the tokenizer's pad token serves, or else its end-of-text token, and the
    log says so.
    name: of the model, for the log. tokenizer_of: asked only then.

    Raises InputError where neither is among the model's embeddings.
    """
    tokens = _embeddings(model)
    stated = pad_token_of(model.config)
    if not _fits(stated, tokens):
        tokenizer = tokenizer_of()
        known = {tokenizer.pad_token: tokenizer.pad_token_id, tokenizer.eos_token: tokenizer.eos_token_id}
        fitting = [(token, number) for token, number in known.items() if _fits(number, tokens)]
        if not fitting:
            raise InputError(
                f"{name} has {counted(tokens, 'token embedding')}, and neither its pad_token_id ({stated}) "
                f"nor its tokenizer's pad and end-of-text tokens ({list(known.values())}) are among them; "
                "resize its embeddings, or set a pad_token_id below their number."
            )
        token, serves = fitting[0]
        if stated is not None:
            words = "%s has no embedding for its pad_token_id %s; padding with %r (%d) instead."
            _log.warning(words, name, stated, token, serves)
        stated = serves
    model.config.pad_token_id = stated
    model.config.get_text_config().pad_token_id = stated  # which decides in a multimodal model


def pad_token_of(config: PretrainedConfig) -> int | None:
    """Its id, or None; of the text part where a configuration has several."""
    token: int | None = getattr(config.get_text_config(), "pad_token_id", None)
    return token


def fill_pad_token(model: PreTrainedModel, token: int | None) -> None:
    """Sets the id in every part of the model's configuration that has none which the model can embed."""
    tokens = _embeddings(model)
    for part in (model.config, model.config.get_text_config()):
        if not _fits(getattr(part, "pad_token_id", None), tokens):
            part.pad_token_id = token


def _embeddings(model: PreTrainedModel) -> float:
    """How many tokens a model has embeddings for; endless where that is no table (CANINE hashes)."""
    try:
        table = model.get_input_embeddings()
    except NotImplementedError:
        return math.inf
    weight = getattr(table, "weight", None)
    return len(weight) if isinstance(weight, Tensor) and weight.ndim == 2 else math.inf


def _fits(number: object, tokens: float) -> bool:
    return isinstance(number, int) and 0 <= number < tokens
