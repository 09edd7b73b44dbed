"""Trials written into Optuna's tables at once, where Optuna's own calls ask for every parameter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .patience import OvertakenError
from .writer import PlainWriter, StudyWriter, TrialChange

__all__ = ["KNOWN_SCHEMA", "BulkWriter", "writer_of"]

KNOWN_SCHEMA: Final = "v3.2.0.a"
"""The version of Optuna's tables that is written here as Optuna writes it (3.2 to 5.0)."""

_Row = dict[str, Any]  # a cell for each of a table's columns
_Trial = tuple[int, FrozenTrial]  # with its id


def writer_of(storage: RDBStorage, study_id: int, *, schema: str = KNOWN_SCHEMA) -> StudyWriter:
    """The fastest way to write into a study of a database.

    schema: the version of the tables that is known; one of another is written by Optuna itself: the same,
    some hundred times slower.
    """
    known = storage.get_current_version() == schema
    return BulkWriter(storage, study_id) if known else PlainWriter(storage, study_id)


@dataclass(frozen=True, slots=True)
class BulkWriter:
    """Into a database, each call in one transaction: all of it or none."""

    storage: RDBStorage
    study_id: int

    def add(self, trials: Sequence[FrozenTrial], first: int) -> list[int]:
        with Session(self.storage.engine) as session, session.begin():
            self._hold_numbers(session)
            count = select(func.count()).where(models.TrialModel.study_id == self.study_id)
            if (there := session.execute(count).scalar_one()) != first:
                raise OvertakenError(f"trial {first} was to be the next of a study that has {there} by now")
            rows = [_trial_row(self.study_id, first + place, trial) for place, trial in enumerate(trials)]
            session.add_all(rows)
            session.flush()  # gives each its id
            ids = [int(row.trial_id) for row in rows]
            each = list(zip(ids, trials, strict=True))
            _insert(session, models.TrialParamModel, _params(each))
            _insert(session, models.TrialValueModel, _values((i, one.values) for i, one in each))
            _insert(
                session,
                models.TrialIntermediateValueModel,
                _reports((i, one.intermediate_values.items()) for i, one in each),
            )
            _insert(
                session, models.TrialUserAttributeModel, _attributes((i, one.user_attrs) for i, one in each)
            )
            _insert(
                session,
                models.TrialSystemAttributeModel,
                _attributes((i, one.system_attrs) for i, one in each),
            )
        return ids

    def _hold_numbers(self, session: Session) -> None:
        """Nobody else adds trials until it commits; SQLite holds what is written, not what is read."""
        study: Any = models.StudyModel.find_or_raise_by_id(self.study_id, session, for_update=True)
        own = models.StudyModel.study_id == self.study_id
        session.execute(update(models.StudyModel).where(own).values(study_name=study.study_name))

    def change(self, changes: Sequence[TrialChange]) -> None:
        with Session(self.storage.engine) as session, session.begin():
            for one in changes:
                trial: Any = models.TrialModel.find_or_raise_by_id(one.trial_id, session, for_update=True)
                self.storage.check_trial_is_updatable(one.trial_id, trial.state)
                for model, attributes in (
                    (models.TrialUserAttributeModel, one.attributes),
                    (models.TrialSystemAttributeModel, one.system),
                ):
                    _replace(session, model, "trial_id", one.trial_id, attributes or {})
                if one.state is not None:
                    trial.state = one.state
                    trial.datetime_complete = datetime.now()
            _insert(
                session,
                models.TrialIntermediateValueModel,
                _reports((one.trial_id, one.reports) for one in changes),
            )
            _insert(session, models.TrialValueModel, _values((one.trial_id, one.values) for one in changes))

    def describe(self, user: Mapping[str, Any], system: Mapping[str, Any]) -> None:
        with Session(self.storage.engine) as session, session.begin():
            _replace(session, models.StudyUserAttributeModel, "study_id", self.study_id, user)
            _replace(session, models.StudySystemAttributeModel, "study_id", self.study_id, system)

    def settle(self, key: str, own: str) -> str:
        row = {"study_id": self.study_id, "key": key, "value_json": json.dumps(own)}
        with suppress(IntegrityError), Session(self.storage.engine) as session, session.begin():
            _insert(session, models.StudySystemAttributeModel, [row])  # a study has one of each key
        return str(self.storage.get_study_system_attrs(self.study_id)[key])


def _trial_row(study_id: int, number: int, trial: FrozenTrial) -> Any:
    return models.TrialModel(
        study_id=study_id,
        number=number,
        state=trial.state,
        datetime_start=trial.datetime_start,
        datetime_complete=trial.datetime_complete,
    )


def _insert(session: Session, model: Any, rows: Iterable[_Row]) -> None:
    if cells := list(rows):
        session.execute(insert(model.__table__), cells)


def _replace(session: Session, model: Any, owner: str, owner_id: int, attributes: Mapping[str, Any]) -> None:
    """Sets attributes of a trial or a study, whose id is in the column ``owner``."""
    if attributes:
        same = model.key.in_(list(attributes))
        session.execute(delete(model).where(getattr(model, owner) == owner_id, same))
        rows = [{owner: owner_id, "key": k, "value_json": json.dumps(v)} for k, v in attributes.items()]
        session.execute(insert(model.__table__), rows)


def _params(each: Sequence[_Trial]) -> Iterator[_Row]:
    as_json = cache(distribution_to_json)  # of a few distributions that all sites share
    for trial_id, trial in each:
        for name, value in trial.params.items():
            distribution = trial.distributions[name]
            yield {
                "trial_id": trial_id,
                "param_name": name,
                "param_value": distribution.to_internal_repr(value),
                "distribution_json": as_json(distribution),
            }


def _values(each: Iterable[tuple[int, Sequence[float] | None]]) -> Iterator[_Row]:
    for trial_id, values in each:
        for objective, value in enumerate(values or ()):
            stored, kind = models.TrialValueModel.value_to_stored_repr(value)
            yield {"trial_id": trial_id, "objective": objective, "value": stored, "value_type": kind}


def _reports(each: Iterable[tuple[int, Iterable[tuple[int, float]]]]) -> Iterator[_Row]:
    represented = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr
    for trial_id, reports in each:
        for step, value in reports:
            stored, kind = represented(value)
            yield {
                "trial_id": trial_id,
                "step": step,
                "intermediate_value": stored,
                "intermediate_value_type": kind,
            }


def _attributes(each: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[_Row]:
    for trial_id, attributes in each:
        for key, value in attributes.items():
            yield {"trial_id": trial_id, "key": key, "value_json": json.dumps(value)}
