"""How who runs a trial in a database shows that it is alive, and when it is taken for dead."""

from __future__ import annotations

from typing import Final

from optuna.storages import RDBStorage

__all__ = ["GRACE", "beat_every"]

GRACE: Final = 5
"""Heartbeats that are missed until somebody is taken for dead."""


def beat_every(storage: RDBStorage, heartbeat: int) -> None:
    """Sets the seconds in which who runs a trial shows that it is alive; see ``GRACE``."""
    storage.heartbeat_interval = heartbeat  # as its arguments, these warn that they are experimental
    storage.grace_period = GRACE * heartbeat
