"""A ``LoraConfig`` as keys of axolotl's YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from peft import LoraConfig

from spaces.errors import InputError

from .chosen import chosen

__all__ = ["axolotl_yaml"]

_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "r": "lora_r",
        "lora_alpha": "lora_alpha",
        "lora_dropout": "lora_dropout",
        "fan_in_fan_out": "lora_fan_in_fan_out",
        "modules_to_save": "lora_modules_to_save",
        "target_modules": "lora_target_modules",
        "rank_pattern": "lora_rank_pattern",
        "alpha_pattern": "lora_alpha_pattern",
    }
)
_IMPLIED: Final = frozenset({"task_type", "peft_version", "inference_mode", "base_model_name_or_path"})


def axolotl_yaml(config: LoraConfig) -> str:
    """Lines for a configuration of axolotl, which finds the task from the model's class.

    Source of the keys: axolotl's loaders/adapter.py, which hands ``lora_rank_pattern`` and
    ``lora_alpha_pattern`` on to PEFT as they are. Strings are quoted as JSON quotes them, which YAML reads.
    Raises InputError where the config says what axolotl has no key for.

    >>> print(axolotl_yaml(LoraConfig(r=4, target_modules=["h.0.q"], rank_pattern={"^h.0.q": 2})))
    adapter: lora
    lora_r: 4
    lora_alpha: 8
    lora_target_modules:
      - "h.0.q"
    lora_rank_pattern:
      "^h.0.q": 2
    <BLANKLINE>
    """
    values = chosen(config)
    if unknown := sorted(values.keys() - _KEYS.keys() - _IMPLIED):
        raise InputError(f"axolotl has no key for {unknown} of a LoraConfig; use another `format`.")
    lines = [line for name, key in _KEYS.items() if name in values for line in _lines(key, values[name])]
    return "\n".join(["adapter: lora", *lines]) + "\n"


def _lines(key: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key}:", *(f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in value.items())]
    if isinstance(value, list):
        return [f"{key}:", *(f"  - {json.dumps(one)}" for one in value)]
    return [f"{key}: {json.dumps(value)}"]
