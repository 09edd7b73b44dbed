"""A comparison as one object of options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .options import Options

__all__ = ["COMMAND", "CompareOptions"]

COMMAND: Final = "search.compare"
"""Whose a folder is, of presets and of others."""


@dataclass(frozen=True, slots=True)
class CompareOptions(Options):
    """One comparison, as typed."""

    methods: str
    lrs: tuple[float, ...] | None
    scalings: tuple[str, ...] | None
    tune_seeds: int
    preset: str | None
    dataset: tuple[str, ...] | None
