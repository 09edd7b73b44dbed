"""A database that does not answer is asked again: a server that restarts, a file that somebody else holds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError

from spaces.counted import counted
from spaces.errors import InputError

from .sqlite_error import is_moved_database

__all__ = ["AWAY", "PATIENCE_S", "OvertakenError", "StorageAwayError", "patiently"]

PATIENCE_S: Final = 60.0
"""For which a database is waited for where nobody says otherwise."""
_PAUSE_S: Final = 0.5
_SOON_S: Final = 2.0  # what takes no longer is not worth a line
_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)


class OvertakenError(Exception):
    """Somebody else has written what was to be written: what is there has to be read again."""


class StorageAwayError(InputError):
    """A storage that has been waited for in vain."""


AWAY: Final = (
    *(StorageInternalError, OperationalError, InterfaceError, IntegrityError),
    *(OvertakenError, StorageAwayError),
)
"""What is raised where a database is away, or two have just written the same into it."""


def patiently(
    call: Callable[[], _Answer],
    *,
    within_s: float = PATIENCE_S,
    unless: Callable[[Exception], bool] = lambda _: False,
) -> _Answer:
    """What a call gives as soon as its database answers; a log line says that it is waited for.

    It may have been heard and its answer lost, so that calling it twice must do no harm. within_s: seconds
    after which StorageAwayError is raised. unless: of which errors nothing better is to be expected; they
    are raised, and so is that an SQLite file is no longer where it was.
    """
    begun = time.monotonic()
    waiting = False
    while True:
        try:
            answer = call()
        except AWAY as error:
            waited = time.monotonic() - begun
            if unless(error) or is_moved_database(error):
                raise
            if waited > within_s:
                raise _given_up(error, waited) from error
            if waited > _SOON_S and not waiting:
                _log.warning("storage  does not answer; waiting up to %s", counted(round(within_s), "second"))
                waiting = True
        else:
            if waiting:
                _log.info("storage  answers again, after %.0f s", time.monotonic() - begun)
            return answer
        time.sleep(_PAUSE_S)


def _given_up(error: Exception, waited_s: float) -> StorageAwayError:
    if isinstance(error, OvertakenError):
        return StorageAwayError(
            f"`storage` is not as this program left it ({error}); see that nobody has removed, replaced or "
            "changed it, and start this again, which goes on."
        )
    return StorageAwayError(
        f"`storage` has not answered for {counted(round(waited_s), 'second')}; see that its server runs, and "
        "start this again, which goes on."
    )
