"""The papers' presets by name, and their hyperparameters by model, data set and setup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from spaces.errors import UsageError

from . import dylora, heterolora
from .preset import Preset, Setup, TrainingSettings

__all__ = ["PRESETS", "SETTINGS", "find_preset", "find_settings", "moved"]

PRESETS: Final[Mapping[str, Preset]] = {
    preset.name: preset for preset in (*heterolora.PRESETS, *dylora.PRESETS)
}
SETTINGS: Final[tuple[TrainingSettings, ...]] = (*heterolora.SETTINGS, *dylora.SETTINGS)


def find_preset(name: str) -> Preset:
    """The preset of that name; raises UsageError where there is none."""
    if name not in PRESETS:
        raise UsageError(f"preset={name!r} is unknown; choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]


def find_settings(model: str, dataset: str, setup: Setup) -> TrainingSettings:
    """The hyperparameters that a paper gives; raises UsageError, with those that it does give, on others."""
    for settings in SETTINGS:
        if (settings.model, settings.dataset, settings.setup) == (model, dataset, setup):
            return settings
    known: dict[str, list[str]] = {}
    for one in SETTINGS:
        known.setdefault(f"{one.model} {one.setup}", []).append(one.dataset)
    listed = "; ".join(f"{name}: {', '.join(datasets)}" for name, datasets in known.items())
    raise UsageError(
        f"no paper gives hyperparameters for {setup} of {model!r} on {dataset!r}; there are {listed}. "
        "Set --lr, --epochs and --batch-size without --preset."
    )


def moved(preset: Preset, model: str) -> Preset:
    """The same table for another model, whose numbers no paper gives; raises UsageError where that model has
    no hyperparameters for one of its cells."""
    if model == preset.model:
        return preset
    for cell in preset.cells:
        if cell.arm is not None and cell.dataset is not None:
            find_settings(model, cell.dataset, preset.arm(cell.arm).setup)
    cells = tuple(replace(cell, paper=None) for cell in preset.cells)
    return replace(preset, model=model, cells=cells)
