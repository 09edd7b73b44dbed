"""Trials written into Optuna's tables at once, where ``Study.add_trials`` asks for every parameter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.study import Study
from optuna.trial import FrozenTrial
from sqlalchemy import insert
from sqlalchemy.orm import Session

__all__ = ["KNOWN_SCHEMA", "add_trials"]

KNOWN_SCHEMA: Final = "v3.2.0.a"
"""The version of Optuna's tables that is written here as Optuna writes it (3.2 to 5.0)."""

_Row = dict[str, Any]  # a cell for each of a table's columns


def add_trials(
    study: Study, storage: RDBStorage, trials: Sequence[FrozenTrial], *, schema: str = KNOWN_SCHEMA
) -> None:
    """Adds trials to a study that has none: all of them, or none where it is interrupted.

    trials: finished ones as ``create_trial`` makes them, of parameters, values and user attributes.
    schema: the version of the tables that is known. A database of another one gets them by
    ``Study.add_trials``: the same, some hundred times slower.
    """
    if storage.get_current_version() != schema:
        study.add_trials(trials)
        return
    study_id = storage.get_study_id_from_name(study.study_name)
    with Session(storage.engine) as session, session.begin():
        rows = [
            models.TrialModel(
                study_id=study_id,
                number=number,
                state=trial.state,
                datetime_start=trial.datetime_start,
                datetime_complete=trial.datetime_complete,
            )
            for number, trial in enumerate(trials)
        ]
        session.add_all(rows)
        session.flush()  # gives each its id
        each = [(int(row.trial_id), trial) for row, trial in zip(rows, trials, strict=True)]
        for model, cells in (
            (models.TrialParamModel, list(_params(each))),
            (models.TrialValueModel, list(_values(each))),
            (models.TrialUserAttributeModel, list(_attributes(each))),
        ):
            if cells:
                session.execute(insert(model.__table__), cells)


def _params(each: Sequence[tuple[int, FrozenTrial]]) -> Iterator[_Row]:
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


def _values(each: Sequence[tuple[int, FrozenTrial]]) -> Iterator[_Row]:
    for trial_id, trial in each:
        for objective, value in enumerate(trial.values or ()):
            stored, kind = models.TrialValueModel.value_to_stored_repr(value)
            yield {"trial_id": trial_id, "objective": objective, "value": stored, "value_type": kind}


def _attributes(each: Sequence[tuple[int, FrozenTrial]]) -> Iterator[_Row]:
    for trial_id, trial in each:
        for key, value in trial.user_attrs.items():
            yield {"trial_id": trial_id, "key": key, "value_json": json.dumps(value)}
