"""``rankscape export``: what a run has found, for those who train it anew, and for those who serve it."""

from __future__ import annotations

import logging
import sys
from typing import Final

from evaluators.adapters.whole_model import MERGED
from spaces.errors import UsageError

from .command import Command, Printed
from .export_settings import FOLDERS, ExportSettings
from .hub_settings import HubSettings
from .output_settings import ScreenSettings, check_format
from .typed import Typed

__all__ = ["EXPORT", "main"]

_log = logging.getLogger(__name__)
_OF_FOLDERS: Final = ("output", "without_shortcuts", "push_to_hub")


def _run(given: Typed) -> Printed:
    chosen = given.of(ExportSettings)
    if chosen.format not in FOLDERS:
        check_format(given)
        if unheeded := [f"`{name}`" for name in _OF_FOLDERS if name in given.names]:
            raise UsageError(
                f"{', '.join(unheeded)} would change nothing of `format={chosen.format}`, which is printed; "
                f"choose a `format` that is a folder: {', '.join(FOLDERS)}."
            )
    if chosen.format != MERGED and "dtype" in given.names:
        raise UsageError(f"`dtype` is of `format={MERGED}` alone; leave it out.")
    _log.info("loading  PyTorch, transformers and PEFT")
    from .export_from import export_from

    return export_from(chosen, given.of(HubSettings))


EXPORT: Final = Command(
    name="export",
    module="search.cli.export",
    summary="Prints the LoraConfig of the adapter that a run has saved, to train it from the beginning, "
    "which reads no weights; or writes the adapter for those who serve it.",
    example="runs/my-run --format padded",
    settings=(ExportSettings, HubSettings, ScreenSettings),
    run=_run,
)
main = EXPORT.main


if __name__ == "__main__":
    sys.exit(main())
