"""A ``LoraConfig`` as JSON."""

from __future__ import annotations

import json

from peft import LoraConfig

from .chosen import chosen

__all__ = ["json_text"]


def json_text(config: LoraConfig) -> str:
    """A JSON object of the arguments of ``LoraConfig``, r, lora_alpha and those that are not its defaults.

    ``LoraConfig(**json.loads(text))`` is an equal config.

    >>> print(json_text(LoraConfig(r=4, target_modules=["q"])))
    {
      "r": 4,
      "target_modules": [
        "q"
      ],
      "lora_alpha": 8
    }
    """
    return json.dumps(chosen(config), indent=2)
