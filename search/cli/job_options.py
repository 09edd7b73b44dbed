"""What every command that trains can be told, besides its own."""

from __future__ import annotations

from typing import Final

from search.job.job_settings import JobSettings
from search.job.settings import GenerationSettings

from .output_settings import OutputSettings, ScreenSettings

__all__ = ["JOB", "JOB_OF_STUDIES"]

JOB: Final[tuple[type, ...]] = (*JobSettings.concerns().values(), OutputSettings, ScreenSettings)
JOB_OF_STUDIES: Final = tuple(one for one in JOB if one is not GenerationSettings)
"""The same of a study, which ranks allocations by what they foretell, and lets none write text."""
