"""What every command that trains can be told, besides its own."""

from __future__ import annotations

from typing import Final

from search.job.job_settings import JobSettings

from .output_settings import OutputSettings, ScreenSettings

__all__ = ["JOB"]

JOB: Final[tuple[type, ...]] = (*JobSettings.concerns().values(), OutputSettings, ScreenSettings)
