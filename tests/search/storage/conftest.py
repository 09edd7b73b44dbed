"""Storages of two kinds, and what Optuna reads of a study in one."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import optuna
import pytest
from optuna.storages import BaseStorage

from search.storage.opened_storage import Place, opened_storage


@pytest.fixture(params=["sqlite", "journal"])
def place(request, tmp_path) -> Place:
    """Where a study shall lie: nothing is there yet."""
    return tmp_path / "study.db" if request.param == "sqlite" else str(tmp_path / "study.log")


@pytest.fixture
def read():
    """Opens a place with Optuna alone and gives the study of a name."""
    with ExitStack() as stack:

        def load(place: Path | str, name: str) -> optuna.Study:
            storage: BaseStorage = stack.enter_context(opened_storage(place))
            return optuna.load_study(study_name=name, storage=storage)

        yield load
