"""What can be chosen of an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from search.job.option import check_settings, option, same_option
from search.job.settings import ModelSettings

__all__ = ["FOLDERS", "ExportSettings"]

FOLDERS: Final = ("peft", "padded", "baked", "merged")
"""Formats that are a folder; the others are a text."""


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What is exported."""

    folder: Path = option(
        Path("."), "of a run or an adapter", metavar="DIR", flag="DIR", default_text="where you are"
    )
    format: Literal["python", "json", "axolotl", "peft", "padded", "baked", "merged"] = option(
        "python",
        "a LoraConfig to train anew, printed as Python, JSON or keys of axolotl's YAML; or a folder with the "
        "trained weights: PEFT's, padded to one rank for servers that read one, baked with every scale in "
        "its B, or merged, a whole model",
    )
    output: Path | None = option(
        None,
        "of a folder: where, which must be new",
        metavar="DIR",
        default_text="beside the adapter, named by the format",
    )
    without_shortcuts: bool = option(
        False, "leave shortcuts out, which no format has: what is left is not what was trained"
    )
    model: str | None = option(
        None,
        "where the base model is, if it has moved",
        metavar="DIR|NAME",
        default_text="the adapter's own base",
        file=True,
    )
    dtype: Literal["float32", "bfloat16"] = same_option(ModelSettings, "dtype")

    def __post_init__(self) -> None:
        check_settings(self)
