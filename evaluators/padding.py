"""Which token a model's rows are padded with: one that it can embed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from spaces.errors import InputError

__all__ = ["settle_padding"]

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
    embeddings = model.get_input_embeddings()
    assert isinstance(embeddings, nn.Embedding)
    tokens = embeddings.num_embeddings
    text = model.config.get_text_config()
    stated = text.pad_token_id
    if not _fits(stated, tokens):
        tokenizer = tokenizer_of()
        known = {tokenizer.pad_token: tokenizer.pad_token_id, tokenizer.eos_token: tokenizer.eos_token_id}
        fitting = [(token, number) for token, number in known.items() if _fits(number, tokens)]
        if not fitting:
            raise InputError(
                f"{name} has {tokens} token embeddings, and neither its pad_token_id ({stated}) nor its "
                f"tokenizer's pad and end-of-text tokens ({list(known.values())}) are among them; resize its "
                "embeddings, or set a pad_token_id below their number."
            )
        token, stated_now = fitting[0]
        if stated is not None:
            _log.warning(
                "%s has no embedding for its pad_token_id %s; padding with %r (%d) instead.",
                name,
                stated,
                token,
                stated_now,
            )
        stated = stated_now
    model.config.pad_token_id = text.pad_token_id = stated  # of a multimodal model the one inside decides


def _fits(number: object, tokens: int) -> bool:
    return isinstance(number, int) and 0 <= number < tokens
