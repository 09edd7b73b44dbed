"""The storage that a study lies in: an SQLite file, a journal file, or a database server."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from optuna.exceptions import OptunaError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from sqlalchemy.exc import (
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from evaluators.store.whole_file import sync, unfinished_path
from search.sampling.quiet_optuna import quiet_optuna
from spaces.errors import InputError, UsageError
from spaces.printable import printable

from .lost_storage import one_line_where_lost
from .patience import patiently
from .settings import check_address, is_journal
from .sqlite_error import is_locked_database
from .sqlite_file import (
    LOCKED_S,
    of_another_kind,
    plain_file,
    remove_file,
    remove_unfinished,
    sqlite_url,
)
from .sqlite_look import is_damaged

__all__ = [
    "Place",
    "check_writable",
    "checked_storage",
    "is_server",
    "is_there",
    "opened_for_writing",
    "opened_storage",
    "opened_to_read",
]

Place = Path | str
"""Where a study lies: an SQLite file by its path, or an address, as ``checked_storage`` takes it."""

_FILE: Final = "sqlite"  # begins the address of one
_ANOTHER_RUN: Final = "give the folder of another run, or run that one again"
_PAUSES_S: Final = (0.2, 0.5, 1.0)  # between attempts to make tables
_BROKEN: Final = (ImportError, LookupError, ValueError, RuntimeError, OSError, OptunaError, SQLAlchemyError)


@contextmanager
def opened_storage(where: Place) -> Iterator[BaseStorage]:
    """Optuna's storage in an SQLite file, made where there is none, or at an address; closed at the end."""
    if isinstance(where, str) and is_journal(where):
        yield JournalStorage(JournalFileBackend(where))  # opens its file for each call
        return
    file = plain_file(where)
    if file is not None and not file.exists():
        _begin(file)
    with _tables(where) as storage:
        yield storage


def is_there(address: str) -> bool:
    """Whether its file is; a server is asked when it is opened. Raises UsageError on what is no address."""
    check_address(address)
    file = Path(address) if is_journal(address) else plain_file(address)
    return file is None or file.exists()


def _begin(path: Path) -> None:
    """Makes a file that has all of Optuna's tables when it is first seen; one that another has made stays.

    Half of them, left by a killed process, would stay without indexes, or be taken for another program's.
    """
    remove_unfinished(path)
    new = unfinished_path(path, "part")
    try:
        with _tables(new):
            pass
        sync(new)
        with suppress(OSError):  # another was first, or nothing is linked here: then they are made in place
            os.link(new, path)
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def _tables(where: Place) -> Iterator[BaseStorage]:
    """Optuna's tables, made where there are none; the connections to them are closed at the end."""
    with quiet_optuna():
        storage = _database(where)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _database(where: Place) -> RDBStorage:
    """Opened again where another program has just made the same tables."""
    logging.getLogger(RDBStorage.__module__).addFilter(_no_statement)
    address = sqlite_url(where) if isinstance(where, Path) else where
    how: dict[str, object] = {"pool_pre_ping": True}  # a server may have restarted
    if isinstance(where, Path) or where.startswith(_FILE):
        how = {"connect_args": {"timeout": LOCKED_S}}
    for pause in _PAUSES_S:
        try:
            return RDBStorage(address, how)
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            if not isinstance(error, IntegrityError) and "already exists" not in str(error):
                raise
        time.sleep(pause)
    return RDBStorage(address, how)


def _no_statement(record: logging.LogRecord) -> bool:
    """Whether it is no error of a server that is away, with statement and rows: who waits says so itself."""
    return not record.getMessage().startswith("Caught an error from sqlalchemy")


@contextmanager
def opened_for_writing(where: Place) -> Iterator[BaseStorage]:
    """As ``opened_storage``; an SQLite file that is damaged, or of another version of Optuna, is begun anew.

    What another program holds is neither: that is raised, so that its file is not taken away from it.
    """
    if isinstance(where, Path) and where.exists() and not _is_usable(where):
        remove_file(where)
    with ExitStack() as stack:
        stack.enter_context(one_line_where_lost(where))
        yield patiently(
            lambda: stack.enter_context(opened_storage(where)),
            unless=lambda _: isinstance(where, Path) or where.startswith(_FILE),
        )


def _is_usable(file: Path) -> bool:
    """Raises what is raised where another program holds it."""
    if is_damaged(file):
        return False
    try:
        with opened_storage(file) as storage:
            storage.get_all_studies()
    except _BROKEN as error:
        if is_locked_database(error):
            raise
        return False
    return True


def is_server(storage: BaseStorage) -> bool:
    """Whether it is a database that may be away and come back; a file is there or is not."""
    return isinstance(storage, RDBStorage) and storage.engine.dialect.name != "sqlite"


def checked_storage(address: str) -> str:
    """The address of an Optuna storage, one that can be opened; raises UsageError where it cannot be.

    An SQLAlchemy URL (``sqlite:///study.db``, ``postgresql+psycopg://...``, ``mysql+pymysql://...``) or the
    path of a journal file that ends in .log or .journal. It is not shown: it may hold a password.
    """
    check_address(address)
    if (what := of_another_kind(address)) is not None:
        raise UsageError(f"`storage` is {what}; give that of studies, or one that is not there yet.")
    try:
        with opened_storage(address) as storage:
            storage.get_all_studies()
    except _BROKEN as error:
        raise UsageError(f"`storage` {_why_not_opened(address, error)}") from None
    return address


def check_writable(address: str) -> None:
    """Raises UsageError where a storage that can be opened keeps nothing: makes a study, and removes it."""
    try:
        with opened_storage(address) as storage, quiet_optuna():
            storage.delete_study(storage.create_new_study([StudyDirection.MINIMIZE], f"{uuid4()}"))
    except _BROKEN as error:
        raise UsageError(
            f"`storage` can be read but not written ({type(error.__cause__ or error).__name__}); let its "
            "user write, or give another `storage`."
        ) from None


def _why_not_opened(address: str, error: BaseException) -> str:
    """What is wrong, and what to do; an address may be right, and its server or its folder not there."""
    kind = type(error).__name__
    if isinstance(error, OperationalError) and not address.startswith(_FILE):
        return (
            f"does not answer ({kind}); see that its server runs at that host and port, that its database is "
            "there, and that its user may log in."
        )
    if isinstance(error, OperationalError | OSError):
        return (
            f"cannot be opened ({kind}); see that the folder of its file is there, and that both may be read "
            "and written."
        )
    if isinstance(error, ImportError | NoSuchModuleError):
        return (
            f"needs a driver that is not installed ({_driver(error)}); write postgresql+psycopg://..., for "
            "which pip install -e '.[postgres]', or mysql+pymysql://..., for which pip install pymysql."
        )
    if isinstance(error, LookupError) and "{" in address:
        return "has braces, which Optuna takes for a template of its own; write them twice, {{ and }}."
    return f"cannot be opened ({kind}); give an address that Optuna takes, such as sqlite:///study.db."


def _driver(error: ImportError | NoSuchModuleError) -> str:
    """What is absent: a module, which Optuna's own error leaves to its cause, or a kind of database."""
    first = error.__cause__ or error
    known = first.name if isinstance(first, ImportError) else str(error).rpartition(":")[2]
    return printable(known or type(error).__name__)


@contextmanager
def opened_to_read(where: Place) -> Iterator[BaseStorage]:
    """Optuna's storage in a file that is there or at an address; raises InputError where none can be read."""
    shown = where if isinstance(where, Path) else "the storage"
    if isinstance(where, Path) and is_damaged(where):  # an empty one would be filled
        raise InputError(f"{shown} cannot be read as a study: it is empty or damaged; {_ANOTHER_RUN}.")
    with ExitStack() as stack:
        try:
            storage = stack.enter_context(opened_storage(where))
            storage.get_all_studies()
        except _BROKEN as error:
            if is_locked_database(error):
                raise InputError(f"{shown} is in use by another program; end that and try again.") from error
            raise InputError(
                f"{shown} cannot be read as a study ({type(error).__name__}): it is damaged, or of another "
                f"version of Optuna; {_ANOTHER_RUN}."
            ) from error
        yield storage
