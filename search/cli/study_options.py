"""A study as one object of options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .options import Options

__all__ = ["StudyOptions"]


@dataclass(frozen=True, slots=True)
class StudyOptions(Options):
    """One study, as typed."""

    allocations: int
    budgets: tuple[str, ...] | None
    scalings: tuple[str, ...] | None
    lrs: tuple[float, ...] | None
    site_truth: tuple[str, ...] | None
    site_rank: int
    source: Path | None
