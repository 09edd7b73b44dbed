"""``rankscape export``: what a run has found, for those who train with PEFT or axolotl."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from search.job.option import check_settings, option, same_option

from .command import Command, Printed
from .output_settings import ConfigFormat, ConfigSettings, ScreenSettings, check_format
from .typed import Typed

__all__ = ["EXPORT", "ExportSettings", "main"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What is exported."""

    folder: Path = option(
        Path("."), "of a run or an adapter", metavar="DIR", flag="DIR", default_text="where you are"
    )
    format: ConfigFormat = same_option(ConfigSettings, "format")
    model: str | None = option(
        None,
        "where the base model's config.json is, if it has moved",
        metavar="DIR|NAME",
        default_text="the adapter's own base",
        file=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)


def _run(given: Typed) -> Printed:
    chosen = given.of(ExportSettings)
    check_format(given)
    _log.info("loading  PyTorch, transformers and PEFT")

    from evaluators.adapters.adapter_config import adapter_config
    from evaluators.adapters.adapter_record import ADAPTER_RECORD, read_adapter_record
    from evaluators.adapters.formats.chosen import chosen as arguments
    from evaluators.adapters.formats.registry import FORMATS
    from evaluators.data.demo import MODEL_NAME, demo_model_folder
    from spaces.meta_model import meta_model

    inside = chosen.folder / "adapter"
    record = read_adapter_record(inside if (inside / ADAPTER_RECORD).is_file() else chosen.folder)
    base = chosen.model or (str(demo_model_folder()) if record.base == MODEL_NAME else record.base)
    config = adapter_config(record, meta_model(base, record.architecture))
    return Printed(arguments(config), FORMATS[chosen.format](config))


EXPORT: Final = Command(
    name="export",
    module="search.cli.export",
    summary="Prints the LoraConfig of the adapter that a run has saved, for PEFT or axolotl to train it from "
    "the beginning. Reads no weights.",
    example="runs/my-run --format axolotl",
    settings=(ExportSettings, ScreenSettings),
    run=_run,
)
main = EXPORT.main


if __name__ == "__main__":
    sys.exit(main())
