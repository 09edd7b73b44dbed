"""Storages of two kinds, and what Optuna reads of a study in one."""

from tests.search.storage.conftest import place, read  # noqa: F401
