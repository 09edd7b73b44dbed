"""A paper's table with our numbers beside its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from search.show.sheet import Sheet

from .preset import Number, Preset, layout

__all__ = ["FilledTable"]


@dataclass(frozen=True, slots=True, eq=False)
class FilledTable:
    """What came of a preset. preset: the table, with the seeds that were trained. numbers: ours, by row and
    column. trained: what they are of, a line for each data set and setup. notes: of the tasks. output: the
    folder that holds it."""

    preset: Preset
    numbers: Mapping[tuple[str, str], Number]
    trained: tuple[str, ...]
    notes: tuple[str, ...]
    output: Path

    def to_json(self) -> dict[str, object]:
        """What ``preset.json`` holds."""
        return {
            "preset": self.preset.name,
            "seeds": list(self.preset.seeds),
            "trained": list(self.trained),
            "notes": list(self.notes),
            "cells": [
                {"row": row, "column": column, **asdict(number)}
                for (row, column), number in self.numbers.items()
            ],
            "output": str(self.output),
        }

    @property
    def sheet(self) -> Sheet:
        """The table as a person reads it."""
        below = [f"ours: {one}" for one in self.trained] + [f"note: {note}" for note in self.notes]
        return layout(self.preset, self.numbers).with_sentences(*below)
