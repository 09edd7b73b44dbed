"""The formats by name."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from peft import LoraConfig

from spaces.unknown_name import row_named

from .axolotl_yaml import axolotl_yaml
from .json_text import json_text
from .python_source import python_source

__all__ = ["FORMATS", "commented", "find_format"]

FORMATS: Final[Mapping[str, Callable[[LoraConfig], str]]] = MappingProxyType(
    {"python": python_source, "json": json_text, "axolotl": axolotl_yaml}
)

_WITHOUT_COMMENTS: Final = frozenset({"json"})
_WIDTH: Final = 100


def find_format(name: str) -> Callable[[LoraConfig], str]:
    """What writes a config in the format of that name; raises UsageError on an unknown one."""
    return row_named("format", name, FORMATS)


def commented(config: LoraConfig, remark: str, *, format: str) -> str:
    """A config in a format, below a remark that its readers skip, where the format has such.

    >>> print(commented(LoraConfig(target_modules=["h.0.q"]), "Try uniform first.", format="axolotl"))
    # Try uniform first.
    adapter: lora
    lora_r: 8
    lora_alpha: 8
    lora_target_modules:
      - "h.0.q"
    <BLANKLINE>
    """
    text = find_format(format)(config)
    if format in _WITHOUT_COMMENTS:
        return text
    lines = textwrap.wrap(remark, _WIDTH, initial_indent="# ", subsequent_indent="# ")
    return "\n".join([*lines, text])
