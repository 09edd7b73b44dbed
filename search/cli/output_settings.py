"""What can be chosen of what a command writes and prints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from search.job.option import option
from spaces.errors import UsageError

from .typed import Typed

__all__ = ["CONFIG_FORMATS", "ConfigSettings", "OutputSettings", "ScreenSettings", "check_format"]


CONFIG_FORMATS: Final = "evaluators.adapters.formats.registry:FORMATS"


@dataclass(frozen=True, slots=True)
class ConfigSettings:
    """The LoraConfig."""

    format: str = option(
        "python",
        "of the LoraConfig that is printed: Python, JSON, or keys of axolotl's YAML",
        known=(CONFIG_FORMATS,),
        among=True,
        whole=True,
    )


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """The output."""

    output: Path | None = option(
        None,
        "an interrupted run goes on when it is given its folder again",
        metavar="DIR",
        default_text="runs/TIME",
        place_only=True,
    )
    log: str | None = option(
        None,
        "losses of everything that is trained, into DIR/logs",
        metavar="LOG",
        default_text="none",
        rare=True,
        known=("search.job.logs.registry:LOSS_LOGS",),
        among=True,
        whole=True,
        place_only=True,
    )


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """The output."""

    json: bool = option(False, "print one JSON object on stdout instead of text", place_only=True)
    quiet: bool = option(False, "no progress on stderr", place_only=True)


def check_format(given: Typed) -> None:
    """Raises UsageError where JSON and another format are asked for: one of them would be ignored."""
    chosen = given.values.get("format", "json")
    if given.of(ScreenSettings).json and chosen != "json":
        raise UsageError(f"`json` and `format={chosen}` exclude each other; give one of them.")
