"""An export that was typed, at work. Importing this takes seconds."""

from __future__ import annotations

from pathlib import Path

from evaluators.adapters.adapter_config import adapter_config
from evaluators.adapters.adapter_record import ADAPTER_RECORD, AdapterRecord, read_adapter_record
from evaluators.adapters.export import export_adapter, export_merged
from evaluators.adapters.formats.chosen import chosen as arguments
from evaluators.adapters.formats.registry import FORMATS
from evaluators.data.demo import MODEL_NAME
from search.job.named_models import model_place
from spaces.meta_model import meta_model

from .command import Printed
from .export_settings import FOLDERS, ExportSettings
from .hub_settings import HubSettings
from .push_to_hub import check_hub_given, push_given

__all__ = ["export_from"]


def export_from(chosen: ExportSettings, hub: HubSettings) -> Printed:
    """Prints a LoraConfig, or writes a folder and puts it on the hub where that was asked for."""
    inside = chosen.folder / "adapter"
    source = inside if (inside / ADAPTER_RECORD).is_file() else chosen.folder
    record = read_adapter_record(source)
    named = chosen.model or (None if record.base == MODEL_NAME else record.base)
    base = model_place(named)
    if chosen.format not in FOLDERS:
        return _config(record, base, chosen.format)
    check_hub_given(hub)
    place = source.resolve()
    output = chosen.output or place.with_name(f"{place.name}-{chosen.format}")
    printed = _written(chosen, source, output, base)
    push_given(output, hub)
    return printed


def _config(record: AdapterRecord, base: str, chosen_format: str) -> Printed:
    config = adapter_config(record, meta_model(base, record.architecture))
    return Printed(arguments(config), FORMATS[chosen_format](config))


def _written(chosen: ExportSettings, source: Path, output: Path, base: str) -> Printed:
    without = chosen.without_shortcuts
    if chosen.format == "merged":
        said = export_merged(source, output, base=base, dtype=chosen.dtype, without_shortcuts=without)
    else:
        said = export_adapter(source, output, chosen.format, base=base, without_shortcuts=without)
    return Printed(said.to_json(), f"{said.format} of {said.base} in {said.output}")
