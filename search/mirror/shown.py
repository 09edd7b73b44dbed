"""What shall stand in a study: plain values, whichever storage they are written to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from spaces.direction import Direction

__all__ = ["OF_A_PLAN", "Aim", "ShownFile", "ShownStudy", "ShownTrial"]

OF_A_PLAN: Final = "/"
"""In a study's identity, between its run's and that of a plan, of which a run that grows has several."""


@dataclass(frozen=True, slots=True)
class Aim:
    """One value of every trial: what it is called, and whether less of it is better."""

    name: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class ShownStudy:
    """A study as it shall be.

    name: as the dashboard lists it. aims: of every trial's values, in their order. identity: of all that
    decides its trials; a study of the same identity is gone on with. attributes: shown beside it.
    """

    name: str
    aims: tuple[Aim, ...]
    identity: str
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file beside a trial or a study. name: as it is shown, with its ending. path: where it lies, within
    the folder of attachments; its name there is its id, hexadecimal digits and ``-``."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class ShownTrial:
    """A trial as it shall be.

    number: counts from 0. params: by name, each with its distribution. reports: (step, value), ascending.
    values: one for each of the study's aims, where it is complete, or was pruned and has them. attributes: as
    JSON has them; they can be changed until it has ended. note: Markdown. attachments: may be added so long.
    """

    number: int
    params: Mapping[str, int | float | str]
    distributions: Mapping[str, BaseDistribution]
    state: TrialState = TrialState.RUNNING
    reports: tuple[tuple[int, float], ...] = ()
    values: tuple[float, ...] | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    note: str = ""
    attachments: tuple[ShownFile, ...] = ()

    def __post_init__(self) -> None:
        allowed = {TrialState.COMPLETE: (True,), TrialState.PRUNED: (True, False)}.get(self.state, (False,))
        if (self.values is not None) not in allowed:
            raise ValueError(
                f"values={self.values} of a trial that is {self.state.name}; give them where it is complete, "
                "and none where it is running or has failed."
            )

    def frozen(self, system: Mapping[str, object]) -> FrozenTrial:
        """The trial as Optuna takes it; its time begins now, and has ended where it has. system: its system
        attributes."""
        return create_trial(
            state=self.state,
            values=None if self.values is None else list(self.values),
            params=dict(self.params),
            distributions=dict(self.distributions),
            intermediate_values=dict(self.reports),
            user_attrs=dict(self.attributes),
            system_attrs=dict(system),
        )
