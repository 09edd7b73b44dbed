"""``rankscape dashboard``: a run's studies in optuna-dashboard, on this machine alone."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from search.folder.folder_record import RECORD
from search.job.option import Range, check_settings, option
from search.job.run_names import FILES_FOLDER, STUDY_FILE
from spaces.errors import InputError
from spaces.printable import show

from .command import Command, Printed
from .output_path import RUNS
from .quiet_server import quiet_server
from .typed import Typed

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer
    from wsgiref.types import WSGIApplication

__all__ = ["DASHBOARD", "DashboardSettings", "main", "serving"]

_HOST: Final = "127.0.0.1"  # nobody else's: the dashboard asks for no password
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """The dashboard."""

    folder: Path | None = option(
        None,
        "what a run has written or is writing",
        metavar="DIR",
        flag="DIR",
        default_text=f"the latest under {RUNS}/",
    )
    storage: str | None = option(
        None,
        "the Optuna storage that a run was given, with the rank maps of its folder where that is given too",
        metavar="URL",
        default_text=f"{STUDY_FILE} in the folder",
    )
    port: int = option(8080, "of this machine; 0 for any that is free", metavar="N", between=Range(0, 65_535))

    def __post_init__(self) -> None:
        check_settings(self)


def _run(given: Typed) -> Printed:
    chosen = given.of(DashboardSettings)
    folder = _latest() if chosen.folder is None and chosen.storage is None else chosen.folder
    _log.info("loading  optuna-dashboard")
    ended = None
    try:
        with serving(folder, storage=chosen.storage, port=chosen.port) as server:
            address = f"http://{_HOST}:{server.server_port}/"
            ended = Printed({"address": address, "folder": folder and str(folder)}, "ended")
            show(f"{address} for {folder or 'the storage'}; Ctrl-C ends it")
            server.serve_forever()
    except KeyboardInterrupt:  # out here, where the server is closed: a stop that is done with comes again
        if ended is not None:
            return ended
        raise
    raise AssertionError("a server serves until it is interrupted")


@contextmanager
def serving(folder: Path | None, *, port: int, storage: str | None = None) -> Iterator[WSGIServer]:
    """A server that shows the studies of a run on the loopback address, and is closed at the end.

    folder: with ``study.db`` and the files beside trials. port: 0 for any that is free. storage: an address
    instead of ``study.db``. Raises InputError where there is no study that can be read, the port is taken, or
    optuna-dashboard is not installed.
    """
    if folder is not None and not folder.is_dir():
        raise InputError(f"{folder} is no folder; give that of a run, or leave it out.")
    if storage is None:
        assert folder is not None, "a folder or a storage is given"
        if not (folder / STUDY_FILE).is_file():
            if (folder / RECORD).is_file():
                raise InputError(
                    f"{folder} is a run's whose study has not begun, as a comparison's does once it is "
                    "tuned, or lies in the `storage` that it was given; try again later, or give that."
                )
            raise InputError(
                f"{folder} has no {STUDY_FILE}; give a run's folder (rankscape run --output DIR) or "
                "`storage`."
            )
    with quiet_server(_HOST, port) as server, _application(folder, storage) as shown:  # which takes seconds
        server.set_app(shown)
        yield server


@contextmanager
def _application(folder: Path | None, storage: str | None) -> Iterator[WSGIApplication]:
    """optuna-dashboard over one storage, which is closed at the end; arguments as of ``serving``."""
    try:
        from optuna_dashboard import wsgi
    except ImportError:
        raise InputError("optuna-dashboard is missing; pip install -e '.[dashboard]'.") from None
    from optuna.artifacts import FileSystemArtifactStore

    from search.storage.opened_storage import checked_storage, is_there, opened_to_read

    if storage is not None and not is_there(storage):
        raise InputError("`storage` is not there; give the one that a run was given, or is using.")
    where = folder / STUDY_FILE if storage is None and folder is not None else checked_storage(storage or "")
    files = None if folder is None else FileSystemArtifactStore(folder / FILES_FOLDER)
    with opened_to_read(where) as opened:
        yield wsgi(opened, files)


def _latest() -> Path:
    """The folder under runs/ whose study was written last."""
    studies = sorted(Path(RUNS).glob(f"*/{STUDY_FILE}"), key=lambda path: path.stat().st_mtime)
    if not studies:
        raise InputError(f"there is no {RUNS}/*/{STUDY_FILE} here; give the folder of a run.")
    return studies[-1].parent


DASHBOARD: Final = Command(
    name="dashboard",
    module="search.cli.dashboard",
    summary="Shows a run in optuna-dashboard, during it and after, to this machine alone, until Ctrl-C.",
    example="runs/demo",
    settings=(DashboardSettings,),
    run=_run,
)
main = DASHBOARD.main

if __name__ == "__main__":
    sys.exit(main())
