"""An export that was typed, at work. Importing this takes seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from evaluators.adapters.adapter_base import adapter_base
from evaluators.adapters.adapter_config import adapter_config
from evaluators.adapters.adapter_record import ADAPTER_RECORD, AdapterRecord, read_adapter_record
from evaluators.adapters.export import export_adapter, export_merged
from evaluators.adapters.formats.chosen import chosen as arguments
from evaluators.adapters.formats.registry import find_format
from evaluators.adapters.layouts.registry import find_layout
from evaluators.adapters.whole_model import MERGED
from evaluators.base.model_name import on_hub
from evaluators.data.demo import MODEL_NAME
from search.job.named_models import model_place
from search.job.run_names import ADAPTER_FOLDER
from search.job.smollm2 import SMOLLM2
from spaces.errors import UsageError

from .command import Printed
from .export_settings import FOLDERS, ExportSettings
from .hub_settings import HubSettings
from .push_to_hub import check_hub_given, push_given

__all__ = ["export_from"]

_VLLM_RANKS: Final = (8, 16, 32, 64, 128, 256, 320, 512)


def export_from(chosen: ExportSettings, hub: HubSettings) -> Printed:
    """Prints a LoraConfig, or writes a folder and puts it on the hub where that was asked for."""
    inside = chosen.folder / ADAPTER_FOLDER
    source = inside if (inside / ADAPTER_RECORD).is_file() else chosen.folder
    record = read_adapter_record(source)
    named = chosen.model or (None if record.base == MODEL_NAME else record.base)
    base = model_place(named)
    if chosen.format not in FOLDERS:
        return _config(record, base, chosen.format)
    title = named or MODEL_NAME
    if hub.push_to_hub is not None and chosen.format != MERGED:  # which needs no base
        _check_base_named(title, chosen.model)
    check_hub_given(hub)
    place = source.resolve()
    output = chosen.output or place.with_name(f"{place.name}-{chosen.format}")
    printed = _written(chosen, source, output, base, title)
    push_given(output, hub)
    return printed


def _config(record: AdapterRecord, base: str, chosen_format: str) -> Printed:
    config = adapter_config(record, adapter_base(record, base))
    return Printed(arguments(config), find_format(chosen_format)(config))


def _written(chosen: ExportSettings, source: Path, output: Path, base: str, title: str) -> Printed:
    without, serve = chosen.without_shortcuts, ""
    if chosen.format == MERGED:
        said = export_merged(
            source, output, base=base, title=title, dtype=chosen.dtype, without_shortcuts=without
        )
    else:
        said = export_adapter(
            source, output, chosen.format, base=base, title=title, without_shortcuts=without
        )
        if find_layout(chosen.format).one_rank:
            serve = f"; {_how_vllm_serves(said.r)}"
    return Printed(said.to_json(), f"{said.format} of {said.base} in {said.output}{serve}")


def _how_vllm_serves(r: int) -> str:
    """vLLM takes a few ranks only (vllm/config/lora.py, MaxLoRARanks; 1 is of newer versions)."""
    if fitting := [rank for rank in _VLLM_RANKS if rank >= r]:
        return f"vLLM serves it with --max-lora-rank {fitting[0]}"
    return f"its rank {r} is above the {_VLLM_RANKS[-1]} that vLLM serves"


def _check_base_named(title: str, typed: str | None) -> None:
    """Raises UsageError on a base that is a folder: the adapter would be published with its path."""
    if typed == SMOLLM2 or not on_hub(title):
        whose = f"the adapter's base {title}" if typed is None else f"`model={typed}`"
        raise UsageError(
            f"{whose} is a folder, whose path would be published and lead nobody to it; with `push_to_hub` "
            "give --model NAME, the base model's name on the hub."
        )
