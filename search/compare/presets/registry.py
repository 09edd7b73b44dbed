"""The papers' presets by name, and their hyperparameters by model, data set and setup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from spaces.errors import UsageError
from spaces.unknown_name import row_named

from .paper_file import read_paper
from .preset import PaperSettings, Preset, Setup

__all__ = ["PRESETS", "SETTINGS", "find_preset", "find_settings", "on_other_model"]

_PAPERS: Final = tuple(map(read_paper, ("heterolora", "dylora", "dylora_nlg")))
PRESETS: Final[Mapping[str, Preset]] = {preset.name: preset for paper in _PAPERS for preset in paper.presets}
SETTINGS: Final[tuple[PaperSettings, ...]] = tuple(one for paper in _PAPERS for one in paper.settings)


def find_preset(name: str) -> Preset:
    """The preset of that name; raises UsageError where there is none."""
    return row_named("preset", name, PRESETS)


def find_settings(model: str, dataset: str, setup: Setup) -> PaperSettings:
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
        "Set `lr`, `epochs` and `batch_size` without `preset`."
    )


def on_other_model(preset: Preset, model: str) -> Preset:
    """The cells of a table for which another model has hyperparameters; its numbers no paper gives.

    Raises UsageError where it has none for any of them.
    """
    if model == preset.model:
        return preset
    known = {(one.dataset, one.setup) for one in SETTINGS if one.model == model}
    trained = [(cell, cell.dataset, preset.arm(cell.arm)) for cell in preset.cells if cell.arm is not None]
    cells = tuple(replace(cell, paper=None) for cell, name, arm in trained if (name, arm.setup) in known)
    if not cells:
        _, dataset, arm = trained[0]
        find_settings(model, dataset or "", arm.setup)
    kept = {cell.arm for cell in cells}
    return replace(
        preset,
        model=model,
        cells=cells,
        columns=tuple(name for name in preset.columns if name in {cell.column for cell in cells}),
        arms=tuple(arm for arm in preset.arms if arm.label in kept),
        baseline=preset.baseline if preset.baseline in {(c.row, c.column) for c in cells} else None,
        means=frozenset(),
    )
