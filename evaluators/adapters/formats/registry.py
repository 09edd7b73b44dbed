"""The formats by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from peft import LoraConfig

from .axolotl_yaml import axolotl_yaml
from .json_text import json_text
from .python_source import python_source

__all__ = ["FORMATS"]

FORMATS: Final[Mapping[str, Callable[[LoraConfig], str]]] = MappingProxyType(
    {"python": python_source, "json": json_text, "axolotl": axolotl_yaml}
)
