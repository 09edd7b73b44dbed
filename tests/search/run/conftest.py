"""What a search leaves in storages, read by Optuna alone."""

from __future__ import annotations

from tests.search.storage.conftest import read  # noqa: F401  (fixture)
