"""What can be chosen of an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from evaluators.adapters.whole_model import MERGED
from search.job.option import check_settings, option, same_option
from search.job.settings import ModelSettings
from spaces.unknown_name import unknown_name

from .output_settings import CONFIG_FORMATS
from .registry_names import registry_names

__all__ = ["FOLDERS", "ExportSettings"]

_LAYOUTS: Final = "evaluators.adapters.layouts.registry:LAYOUTS"
FOLDERS: Final = (*registry_names(_LAYOUTS), MERGED)
"""Formats that are a folder; the others are a text."""

_FORMATS: Final = (*registry_names(CONFIG_FORMATS), *FOLDERS)


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What is exported."""

    folder: Path = option(
        Path("."), "of a run or an adapter", metavar="DIR", flag="DIR", default_text="where you are"
    )
    format: str = option(
        "python",
        "a LoraConfig to train anew, printed as Python, JSON or keys of axolotl's YAML; or a folder with the "
        "trained weights: PEFT's, padded to one rank for servers that read one, baked with every scale in "
        "its B, or merged, a whole model",
        known=(CONFIG_FORMATS, _LAYOUTS, MERGED),
        among=True,
        whole=True,
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
        if self.format not in _FORMATS:
            raise unknown_name("format", self.format, _FORMATS)
