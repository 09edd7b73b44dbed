"""What can be chosen of what a command writes and prints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from search.job.option import option

__all__ = ["ConfigFormat", "ConfigSettings", "OutputSettings", "ScreenSettings"]


ConfigFormat = Literal["python", "json", "axolotl"]


@dataclass(frozen=True, slots=True)
class ConfigSettings:
    """The LoraConfig."""

    format: ConfigFormat = option(
        "python", "of the LoraConfig that is printed: Python, JSON, or keys of axolotl's YAML"
    )


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """The output."""

    output: Path | None = option(
        None,
        "an interrupted run goes on when it is given its folder again",
        metavar="DIR",
        default_text="runs/TIME",
    )


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """The output."""

    json: bool = option(False, "print one JSON object on stdout instead of text")
    quiet: bool = option(False, "no progress on stderr")
