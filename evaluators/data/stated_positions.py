"""How many tokens of a text a model was made to read, as its configuration has it."""

from __future__ import annotations

from typing import Final

from transformers import PreTrainedModel

__all__ = ["stated_positions"]

_NAMES: Final = ("max_position_embeddings", "n_positions", "max_seq_len")


def stated_positions(model: PreTrainedModel) -> int | None:
    """The fewest that it states; None where it states none, as models without positions do."""
    config = model.config.get_text_config()
    stated = [size for name in _NAMES if isinstance(size := getattr(config, name, None), int) and size > 0]
    return min(stated, default=None)
