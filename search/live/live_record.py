"""What a live search trained, as ``result.json`` holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["FrontRecord", "LiveRecord", "TrialRecord"]


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """A trial. losses, metrics: on the validation rows at each rung that it came to. step: how far it was
    trained."""

    number: int
    proposer: str
    baseline: bool
    params: int
    learning_rate: float
    scaling: str
    state: str
    failure: str | None
    step: int
    losses: tuple[float, ...]
    metrics: tuple[float, ...]
    seconds: float

    @classmethod
    def of_json(cls, known: Mapping[str, Any]) -> TrialRecord:
        tuples = {"losses": tuple(known["losses"]), "metrics": tuple(known["metrics"])}
        return cls(**{**known, **tuples})


@dataclass(frozen=True, slots=True)
class FrontRecord:
    """A trial than which no other is better in all objectives. values: by objective."""

    trial: int
    proposer: str
    allocation: Mapping[str, int]
    params: int
    learning_rate: float
    scaling: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LiveRecord:
    """The trials of a live search.

    rungs: steps at which they were judged. seed: of all of them. steps: candidate-steps that were spent;
    whole_steps: what all of them to the end would have been. front: of the trials that were trained to the
    end, those that none beats in all of several objectives, by parameters.
    """

    objectives: tuple[str, ...]
    rungs: tuple[int, ...]
    seed: int
    steps: int
    whole_steps: int
    trials: tuple[TrialRecord, ...]
    front: tuple[FrontRecord, ...]

    @classmethod
    def of_json(cls, known: Mapping[str, Any] | None) -> LiveRecord | None:
        """Of what ``dataclasses.asdict`` gave, as JSON keeps it; None where no trial was trained."""
        if known is None:
            return None
        made = {name: tuple(known[name]) for name in ("objectives", "rungs")}
        trials = tuple(map(TrialRecord.of_json, known["trials"]))
        front = tuple(FrontRecord(**one) for one in known["front"])
        plain = {one.name: known[one.name] for one in fields(cls)}
        return cls(**{**plain, **made, "trials": trials, "front": front})

    def count(self, state: str) -> int:
        """How many ended so."""
        return sum(trial.state == state for trial in self.trials)
