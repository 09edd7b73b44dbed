"""Who writes trials into a storage, and the way that every storage takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from .patience import OvertakenError

__all__ = ["PlainWriter", "StudyWriter", "TrialChange"]


@dataclass(frozen=True, slots=True)
class TrialChange:
    """What is new of a trial that has not ended.

    reports: (step, value). attributes, system: its user's and its system attributes. state, values: where it
    has ended by now; None where it has not.
    """

    trial_id: int
    reports: tuple[tuple[int, float], ...] = ()
    attributes: Mapping[str, Any] | None = None
    system: Mapping[str, Any] | None = None
    state: TrialState | None = None
    values: tuple[float, ...] | None = None


class StudyWriter(Protocol):
    """Writes into one study of a storage."""

    def add(self, trials: Sequence[FrozenTrial], first: int) -> list[int]:
        """Adds trials behind those that are there; their ids.

        first: the number that the first of them is to have. Raises OvertakenError where it would have
        another, as where two drivers keep the study for a moment.
        """
        ...

    def change(self, changes: Sequence[TrialChange]) -> None:
        """Writes what is new of trials; what has ended ends now."""
        ...

    def describe(self, user: Mapping[str, Any], system: Mapping[str, Any]) -> None:
        """Sets attributes of the study."""
        ...

    def settle(self, key: str, own: str) -> str:
        """What a system attribute of the study is: as somebody set it before, or else this, from now on."""
        ...


@dataclass(frozen=True, slots=True)
class PlainWriter:
    """By Optuna's own calls, one for each thing: for a journal, which takes each in a fraction of a
    millisecond, and for a database whose tables are of a version that is not known here."""

    storage: BaseStorage
    study_id: int

    def add(self, trials: Sequence[FrozenTrial], first: int) -> list[int]:
        if (there := self.storage.get_n_trials(self.study_id)) != first:
            raise OvertakenError(f"trial {first} was to be the next of a study that has {there} by now")
        return [self.storage.create_new_trial(self.study_id, template_trial=trial) for trial in trials]

    def change(self, changes: Sequence[TrialChange]) -> None:
        for one in changes:
            for step, value in one.reports:
                self.storage.set_trial_intermediate_value(one.trial_id, step, value)
            for key, value in (one.attributes or {}).items():
                self.storage.set_trial_user_attr(one.trial_id, key, value)
            for key, value in (one.system or {}).items():
                self.storage.set_trial_system_attr(one.trial_id, key, value)
            if one.state is not None:
                self.storage.set_trial_state_values(one.trial_id, one.state, one.values)

    def describe(self, user: Mapping[str, Any], system: Mapping[str, Any]) -> None:
        for key, value in user.items():
            self.storage.set_study_user_attr(self.study_id, key, value)
        for key, value in system.items():
            self.storage.set_study_system_attr(self.study_id, key, value)

    def settle(self, key: str, own: str) -> str:
        """By several calls, as Optuna has none for it: two within milliseconds may each be told their own."""
        if key not in self.storage.get_study_system_attrs(self.study_id):
            self.storage.set_study_system_attr(self.study_id, key, own)
        return str(self.storage.get_study_system_attrs(self.study_id)[key])
