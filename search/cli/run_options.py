"""A search as one object of options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .options import Options

__all__ = ["SearchOptions"]


@dataclass(frozen=True, slots=True)
class SearchOptions(Options):
    """One search, as typed."""

    allocator: tuple[str, ...]
    sampler: tuple[str, ...]
    trials: int
    finalists: int
    evaluator: str
    table: Path | None
