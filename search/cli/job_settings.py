"""What every command that trains can be told, besides its own."""

from __future__ import annotations

from typing import Final

from search.job.settings import (
    DataSettings,
    MachineSettings,
    ModelSettings,
    ScoringSettings,
    SpaceSettings,
    TrainingSettings,
)

from .output_settings import OutputSettings, ScreenSettings

__all__ = ["JOB"]

JOB: Final[tuple[type, ...]] = (
    SpaceSettings,
    ModelSettings,
    DataSettings,
    TrainingSettings,
    ScoringSettings,
    MachineSettings,
    OutputSettings,
    ScreenSettings,
)
