"""An amount of memory as a person writes it: reading it, and writing it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from .errors import UsageError
from .printable import quoted

__all__ = ["MemorySize", "memory_given", "parse_memory", "written_bytes"]

_UNITS: Final = {"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "%": 0.01}
_MOST: Final = 1e15  # bytes, or shares


@dataclass(frozen=True, slots=True)
class MemorySize:
    """value: bytes, or a share of the base model's (1 is all of them).

    >>> parse_memory("2GB"), parse_memory("10%")
    (MemorySize(value=2000000000.0, unit='bytes'), MemorySize(value=0.1, unit='share'))
    """

    value: float
    unit: Literal["bytes", "share"]

    def bytes_of(self, base: int) -> int:
        """In bytes, of a base model that has so many.

        >>> parse_memory("10%").bytes_of(500)
        50
        """
        return round(self.value * base if self.unit == "share" else self.value)


def parse_memory(text: str, *, argument: str = "scoring_memory") -> MemorySize:
    """The memory that ``2GB``, ``500MB`` or ``10%`` stands for; 1 MB is 10^6 bytes.

    argument: what whoever chose it calls it. Raises UsageError on anything else.

    >>> parse_memory("1.5 gb").value
    1500000000.0
    """
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*(kb|mb|gb|tb|%)", text.strip().lower())
    value = float(found[1]) * _UNITS[found[2]] if found else 0
    if found is None or not 0 < value <= _MOST:
        raise UsageError(
            f"`{argument}={quoted(text)}` is no amount of memory; write 500MB, 2GB, or 10% of the base model."
        )
    return MemorySize(value, "share" if found[2] == "%" else "bytes")


def memory_given(text: str | None) -> MemorySize | None:
    """``parse_memory`` of an option that may be left out."""
    return None if text is None else parse_memory(text)


def written_bytes(count: float) -> str:
    """An amount of memory to be read, in three digits.

    >>> written_bytes(53_800_000), written_bytes(1_350_000_000), written_bytes(700)
    ('53.8 MB', '1.35 GB', '700 B')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"
