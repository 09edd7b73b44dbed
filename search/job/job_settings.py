"""What is asked for of a job, one value a concern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .settings import (
    DataSettings,
    GenerationSettings,
    MachineSettings,
    ModelSettings,
    ScoringSettings,
    SpaceSettings,
    TrainingSettings,
)

__all__ = ["JobSettings"]


@dataclass(frozen=True, slots=True)
class JobSettings:
    """All that can be chosen of a job.

    >>> JobSettings(space=SpaceSettings(budget="r=2")).space.budget
    'r=2'
    """

    space: SpaceSettings = field(default_factory=SpaceSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    data: DataSettings = field(default_factory=DataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    machine: MachineSettings = field(default_factory=MachineSettings)
    generation: GenerationSettings = field(default_factory=GenerationSettings)

    @classmethod
    def concerns(cls) -> dict[str, Any]:
        """The settings class of each field, in order.

        >>> list(JobSettings.concerns())
        ['space', 'model', 'data', 'training', 'scoring', 'machine', 'generation']
        """
        return {one.name: one.default_factory for one in fields(cls)}

    @classmethod
    def of(cls, by_name: Mapping[str, Any]) -> JobSettings:
        """The settings that have these values, every one of them named; what else is there is nobody's.

        Raises UsageError on what cannot be used.
        """
        made = {
            concern: kind(**{one.name: by_name[one.name] for one in fields(kind)})
            for concern, kind in cls.concerns().items()
        }
        return cls(**made)

    def each(self) -> tuple[Any, ...]:
        """The settings of each concern, in order."""
        return tuple(getattr(self, concern) for concern in self.concerns())
