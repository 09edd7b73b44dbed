"""Which errors mean that the disk did not take what was written, whatever library raises them."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from search.storage.sqlite_error import (
    error_chain,
    is_locked_database,
    is_moved_database,
    refusal_of_sqlite,
)
from spaces.errors import InputError

__all__ = ["one_line_where_unwritable", "unwritable"]

_REFUSED: Final = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG}
_IN_WORDS: Final = re.compile(r"(?:os error|errno) (\d+)", re.IGNORECASE)  # of Rust and of Arrow


def unwritable(folder: Path, reason: str | None, argument: str = "output") -> InputError:
    """The error to raise where a folder cannot be written to. argument: what whoever chose it calls it."""
    return InputError(
        f"the output folder {folder} cannot be written ({reason}); make room or choose another `{argument}`."
    )


@contextmanager
def one_line_where_unwritable(folder: Path, *, argument: str = "output") -> Iterator[None]:
    """Turns an error within the block that means that the folder cannot be written into InputError.

    That is one of a disk that is full, over its quota, broken or read-only, of a database that another
    program holds, or of a file within the folder, also where it is only the cause of what a library raised.
    Others pass.
    """
    try:
        yield
    except InputError:  # says its own line
        raise
    except Exception as error:
        if is_locked_database(error):
            raise InputError(
                f"a database in the output folder {folder} is in use by another program (it may be "
                "optuna-dashboard); end that and start this again, which goes on."
            ) from error
        if is_moved_database(error):
            raise InputError(
                f"a database in the output folder {folder} was moved or removed while it was in use; start "
                "this again, which goes on."
            ) from error
        reason = next((reason for one in error_chain(error) if (reason := _reason(one, folder))), None)
        if reason is None:
            raise
        raise unwritable(folder, reason, argument) from error


def _reason(error: BaseException, folder: Path) -> str | None:
    """Why the disk refused; None where the error is another one."""
    if isinstance(error, sqlite3.Error):
        return refusal_of_sqlite(error)
    if isinstance(error, OSError) and _is_within(error.filename, folder):
        return error.strerror
    said = _IN_WORDS.search(str(error))
    number = error.errno if isinstance(error, OSError) else None
    number = int(said[1]) if number is None and said else number
    if number not in _REFUSED:
        return None
    elsewhere = f": {error.filename}" if isinstance(error, OSError) and error.filename else ""
    return f"{os.strerror(number)}{elsewhere}"


def _is_within(name: object, folder: Path) -> bool:
    if not isinstance(name, str | os.PathLike):
        return False
    path = Path(name).absolute()
    return folder.absolute() in (path, *path.parents)
