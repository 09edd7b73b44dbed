"""The layouts by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from .baked import baked
from .padded import padded_to_one_rank
from .peft_adapter import PeftAdapter

__all__ = ["LAYOUTS"]


def _as_saved(adapter: PeftAdapter) -> PeftAdapter:
    return adapter


LAYOUTS: Final[Mapping[str, Callable[[PeftAdapter], PeftAdapter]]] = MappingProxyType(
    {"peft": _as_saved, "padded": padded_to_one_rank, "baked": baked}
)
