"""What was typed as one object, for whatever does not take settings of one concern yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from search.job.option import options_of as options_of_settings
from search.job.settings import (
    DataSettings,
    MachineSettings,
    ModelSettings,
    ScoringSettings,
    SpaceSettings,
    TrainingSettings,
)

from .output_settings import OutputSettings, ScreenSettings
from .typed import Typed

__all__ = ["JOB", "Options", "options_of"]

JOB: Final[tuple[type, ...]] = (
    SpaceSettings,
    ModelSettings,
    DataSettings,
    TrainingSettings,
    ScoringSettings,
    MachineSettings,
    OutputSettings,
    ScreenSettings,
)
"""What every command that trains takes besides its own."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed, of what every command takes; a command adds its own in a subclass."""

    space: str
    budget: str
    ranks: str | None
    renorm: str
    scaling: str
    lora_alpha: float
    shortcut_alpha: float
    model: str | None
    task: str | None
    train_file: Path | None
    eval_file: Path | None
    text_columns: tuple[str, ...] | None
    label_column: str | None
    metric: str | None
    regression: bool
    max_length: int
    train_rows: int | None
    eval_rows: int | None
    task_name: str | None = field(default=None, kw_only=True)
    positive_label: str | None = field(default=None, kw_only=True)
    proxy: tuple[str, ...] | None = field(default=None, kw_only=True)  # of the commands that score
    scoring_batches: int
    scoring_batch_size: int
    warm_up_steps: int
    seeds: int
    epochs: float
    lr: float | None
    batch_size: int
    weight_decay: float
    warmup: float
    max_grad_norm: float
    device: str
    devices: tuple[str, ...] | None
    jobs: int | None
    cohort_size: int | None
    dtype: str
    threads: int | None
    output: Path | None
    seed: int
    json: bool
    quiet: bool
    typed: frozenset[str] = field(default=frozenset(), kw_only=True)  # the fields that were typed

    @property
    def all_seeds(self) -> range:
        """Of the fine-tuning runs of every allocation."""
        return range(self.seed, self.seed + self.seeds)


_AnyOptions = TypeVar("_AnyOptions", bound=Options)


def options_of(kind: type[_AnyOptions], given: Typed, *own: type) -> _AnyOptions:
    """All that was typed and all defaults. own: the command's settings, besides ``JOB``."""
    values: dict[str, object] = {}
    for settings in (*JOB, *own):
        made: object = given.of(settings)
        values |= {one.name: getattr(made, one.name) for one, _ in options_of_settings(made)}
    return kind(**values, typed=given.names)  # type: ignore[arg-type] # as the settings declare them
