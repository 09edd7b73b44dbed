"""The padding token that a model's configuration knows: decoders' heads look for the last token before it."""

from transformers import PretrainedConfig

__all__ = ["fill_pad_token", "pad_token_of"]


def pad_token_of(config: PretrainedConfig) -> int | None:
    """Its id, or None; of the text part where a configuration has several."""
    token: int | None = getattr(config.get_text_config(), "pad_token_id", None)
    return token


def fill_pad_token(config: PretrainedConfig, token: int | None) -> None:
    """Sets the id in every part of a configuration that has none."""
    for part in (config, config.get_text_config()):
        if getattr(part, "pad_token_id", None) is None:
            part.pad_token_id = token
