"""What of a ``LoraConfig`` somebody chose: all that is not PEFT's default, and the rank and alpha."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from peft import LoraConfig

__all__ = ["chosen"]

_ALWAYS: Final = frozenset({"r", "lora_alpha"})  # whoever reads the text asks for them, defaults or not


def chosen(config: LoraConfig) -> dict[str, Any]:
    """The arguments with which ``LoraConfig`` gives an equal config, plain values all: JSON has them too.

    Modules come in the order of the network, block 2 before block 10.
    """
    usual = _plain(LoraConfig())
    return {name: value for name, value in _plain(config).items() if name in _ALWAYS or value != usual[name]}


def _plain(config: LoraConfig) -> dict[str, Any]:
    values: Mapping[str, Any] = config.to_dict()  # type: ignore[no-untyped-call,unused-ignore]
    return {name: _value(value) for name, value in values.items()}


def _value(value: Any) -> Any:
    if isinstance(value, set):
        return sorted(value, key=_place)
    return str(value.value) if hasattr(value, "value") else value  # of PEFT's enumerations


def _place(name: str) -> list[tuple[int, str]]:
    """By which names sort as a reader counts: numbers by their size."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
