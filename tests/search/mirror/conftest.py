"""Storages of two kinds."""

from __future__ import annotations

import pytest

from search.storage.opened_storage import Place


@pytest.fixture(params=["sqlite", "journal"])
def place(request, tmp_path) -> Place:
    """Where a study shall lie: nothing is there yet."""
    return tmp_path / "study.db" if request.param == "sqlite" else str(tmp_path / "study.log")
