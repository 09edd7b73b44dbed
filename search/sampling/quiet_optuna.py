"""Optuna without its news of every study."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import optuna

__all__ = ["quiet_optuna"]

_verbosity = threading.Lock()


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Keeps Optuna from announcing each study on stderr; its warnings still show."""
    with _verbosity:
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))
        try:
            yield
        finally:
            optuna.logging.set_verbosity(before)
