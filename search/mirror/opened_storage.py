"""The storage that a study lies in: an SQLite file, a journal file, or a database server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from optuna.exceptions import OptunaError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy import URL
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from evaluators.store.whole_file import whole_file
from search.sampling.repaired_study import quiet_optuna
from search.sampling.storage_error import is_locked_database
from spaces.errors import InputError, UsageError

from .patience import patiently

__all__ = [
    "GRACE",
    "Place",
    "checked_storage",
    "is_server",
    "opened_for_writing",
    "opened_storage",
    "opened_to_read",
    "sqlite_url",
]

Place = Path | str
"""Where a study lies: an SQLite file by its path, or an address, as ``checked_storage`` takes it."""

GRACE: Final = 5
"""Heartbeats that are missed until somebody is taken for dead."""
_FILE: Final = "sqlite"  # begins the address of one
_JOURNALS: Final = (".log", ".journal")
_PATIENCE_S: Final = 20.0  # until what another program holds is given up
_PAUSES_S: Final = (0.2, 0.5, 1.0)  # between attempts to make tables
_BROKEN: Final = (ImportError, KeyError, ValueError, RuntimeError, OSError, OptunaError, SQLAlchemyError)


@contextmanager
def opened_storage(where: Place, *, heartbeat: int | None = None) -> Iterator[BaseStorage]:
    """Optuna's storage in an SQLite file, made where there is none, or at an address; closed at the end.

    heartbeat: seconds in which who runs a trial in a database shows that it is alive; None: nobody does.
    """
    if isinstance(where, str) and _is_journal(where):
        yield JournalStorage(JournalFileBackend(where))  # opens its file for each call
        return
    if isinstance(where, Path) and not where.exists():
        with whole_file(where) as new, _tables(new):  # half of its tables would stay without their indexes
            pass
    with _tables(where, heartbeat=heartbeat) as storage:
        yield storage


@contextmanager
def _tables(where: Place, *, heartbeat: int | None = None) -> Iterator[BaseStorage]:
    """Optuna's tables, made where there are none; the connections to them are closed at the end."""
    with quiet_optuna():
        storage = _database(where)
    if heartbeat is not None:  # as its arguments, these warn that they are experimental
        storage.heartbeat_interval, storage.grace_period = heartbeat, GRACE * heartbeat
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _database(where: Place) -> RDBStorage:
    """Opened again where another program has just made the same tables."""
    address = sqlite_url(where) if isinstance(where, Path) else where
    how: dict[str, object] = {"pool_pre_ping": True}  # a server may have restarted
    if isinstance(where, Path) or where.startswith(_FILE):
        how = {"connect_args": {"timeout": _PATIENCE_S}}
    for pause in _PAUSES_S:
        try:
            return RDBStorage(address, how)
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            if not isinstance(error, IntegrityError) and "already exists" not in str(error):
                raise
        time.sleep(pause)
    return RDBStorage(address, how)


@contextmanager
def opened_for_writing(where: Place) -> Iterator[BaseStorage]:
    """As ``opened_storage``; an SQLite file that is damaged, or of another version of Optuna, is begun anew.

    What another program holds is neither: that is raised, so that its file is not taken away from it.
    """
    if isinstance(where, Path) and where.exists():
        try:
            with opened_storage(where) as storage:
                storage.get_all_studies()
        except _BROKEN as error:
            if is_locked_database(error):
                raise
            where.unlink()
    with ExitStack() as stack:
        yield patiently(
            lambda: stack.enter_context(opened_storage(where)),
            unless=lambda _: isinstance(where, Path) or where.startswith(_FILE),
        )


def is_server(storage: BaseStorage) -> bool:
    """Whether it is a database that may be away and come back; a file is there or is not."""
    return isinstance(storage, RDBStorage) and storage.engine.dialect.name != "sqlite"


def checked_storage(address: str) -> str:
    """The address of an Optuna storage, one that can be opened; raises UsageError where it cannot be.

    An SQLAlchemy URL (``sqlite:///study.db``, ``postgresql+psycopg://...``, ``mysql+pymysql://...``) or the
    path of a journal file that ends in .log or .journal. It is not shown: it may hold a password.
    """
    if "://" not in address and not _is_journal(address):
        raise UsageError(
            "`storage` is no address of Optuna's; give a URL such as sqlite:///study.db or "
            "postgresql+psycopg://USER@HOST/DATABASE, or the path of a journal file that ends in .log."
        )
    try:
        with opened_storage(address) as storage:
            storage.get_all_studies()
    except _BROKEN as error:
        raise UsageError(
            f"`storage` cannot be opened ({type(error).__name__}{_missing(error)}); give an address that "
            "Optuna takes, such as sqlite:///study.db."
        ) from None
    return address


def _missing(error: BaseException) -> str:
    """What to install, where a driver is absent."""
    name = error.name if isinstance(error, ImportError) else None
    return f": {name} is not installed; PostgreSQL: pip install 'rankscape[postgres]'" if name else ""


@contextmanager
def opened_to_read(where: Place) -> Iterator[BaseStorage]:
    """Optuna's storage in a file that is there or at an address; raises InputError where none can be read."""
    shown = where if isinstance(where, Path) else "the storage"
    try:
        with opened_storage(where) as storage:
            storage.get_all_studies()
    except _BROKEN as error:
        if is_locked_database(error):
            raise InputError(f"{shown} is in use by another program; end that and try again.") from error
        raise InputError(
            f"{shown} cannot be read as a study ({type(error).__name__}): it is damaged, or of another "
            "version of Optuna; give the folder of another run, or run that one again."
        ) from error
    with opened_storage(where) as storage:
        yield storage


def sqlite_url(path: Path) -> str:
    """The address of an SQLite file for Optuna, whatever characters its path has.

    A ``file:`` URI, quoted once for SQLite itself, which SQLAlchemy's versions quote again or not, and
    read alike. Braces are doubled, as ``RDBStorage`` fills in a template.
    """
    uri = URL.create("sqlite", database=path.absolute().as_uri(), query={"uri": "true"})
    return uri.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")


def _is_journal(address: str) -> bool:
    return "://" not in address and address.endswith(_JOURNALS)
