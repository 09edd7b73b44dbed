"""What is said where a storage that somebody chose can no longer be written while something runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spaces.errors import InputError

from .sqlite_error import is_locked_database, is_moved_database, refusal_of_sqlite

__all__ = ["one_line_where_lost"]


@contextmanager
def one_line_where_lost(where: Path | str) -> Iterator[None]:
    """Turns an error within the block that means that SQLite's file at an address is gone, full, read-only or
    held by another program into InputError; others pass, and all of a file in a run's own folder (a path)."""
    try:
        yield
    except InputError:  # says its own line
        raise
    except Exception as error:
        if isinstance(where, Path):
            raise
        if is_locked_database(error):
            raise InputError(
                "`storage` is in use by another program (it may be optuna-dashboard); end that and start "
                "this again, which goes on."
            ) from error
        moved = "its file was moved or removed" if is_moved_database(error) else None
        reason = moved or refusal_of_sqlite(error)
        if reason is None:
            raise
        raise InputError(
            f"`storage` can no longer be written ({reason}); put that right and start this again, which goes "
            "on with what was trained."
        ) from error
