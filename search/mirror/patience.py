"""A database that does not answer is asked again: a server that restarts, a file that somebody else holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import IntegrityError, OperationalError

from spaces.counted import counted
from spaces.errors import InputError

__all__ = ["AWAY", "patiently"]

AWAY: Final = (StorageInternalError, OperationalError, IntegrityError)
"""What a database raises that is away, or in which two have just written the same."""
_PAUSE_S: Final = 0.5
_Answer = TypeVar("_Answer")


def patiently(call: Callable[[], _Answer], *, within_s: float) -> _Answer:
    """What a call gives as soon as its database answers.

    It may have been heard and its answer lost, so that calling it twice must do no harm. within_s: seconds
    after which InputError is raised.
    """
    last = time.monotonic() + within_s
    while True:
        try:
            return call()
        except AWAY as error:
            if time.monotonic() > last:
                waited = counted(round(within_s), "second")
                raise InputError(
                    f"`storage` has not answered for {waited}; see that its server runs, and start this "
                    "again, which goes on."
                ) from error
        time.sleep(_PAUSE_S)
