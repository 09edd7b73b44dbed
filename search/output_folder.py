"""The folder of one run: made before work begins, gone on with after an interruption."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from evaluators.whole_file import whole_file
from spaces.errors import InputError, UsageError

from .options import Options

__all__ = ["OutputFolder", "unwritable", "write_whole"]

_PLACE_ONLY = ("output", "json", "quiet", "device", "devices", "jobs", "threads", "typed")  # decide no result


class OutputFolder:
    """Where a run writes: ``--output``, or a new folder under runs/ that is named by the time."""

    def __init__(self, options: Options, *, may_change: Collection[str] = ()) -> None:
        """Looks, and writes nothing yet. may_change: options that a run may go on with other values of.

        Raises UsageError where the folder holds something else than a run of the same options, InputError
        where it could not be written.
        """
        self.path = options.output or Path("runs") / time.strftime("%Y-%m-%d_%H-%M-%S")
        decisive = {
            name: value for name, value in asdict(options).items() if name not in (*_PLACE_ONLY, *may_change)
        }
        self._settings = json.dumps(decisive, indent=2, default=str)
        try:
            self._fresh = not self.path.exists()
            if not self._fresh:
                _check_same_run(self.path, self._settings)
            there = next(folder for folder in (self.path, *self.path.absolute().parents) if folder.exists())
        except OSError as error:
            raise unwritable(self.path, error.strerror) from None
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise unwritable(self.path, f"{there} is no folder that can be written to")

    def finished(self) -> dict[str, object] | None:
        """The result of the same run, where it has ended before."""
        path = self.path / "result.json"
        return dict(json.loads(path.read_text())) if path.exists() else None

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """The folder, with the options that decide its results in ``options.json``.

        A new folder is removed again where the run fails on its input before a first candidate has finished.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_whole(self.path / "options.json", self._settings)
        except OSError as error:
            raise unwritable(self.path, error.strerror) from None
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise UsageError(f"{self.path} is in use by another run; choose another --output.") from None
        try:
            yield self.path
        except InputError:
            if self._fresh and not any(self.path.rglob("candidates/*.json")):
                shutil.rmtree(self.path)
            raise
        finally:
            lock.release()
            (self.path / ".lock").unlink(missing_ok=True)


def unwritable(folder: Path, reason: str | None) -> InputError:
    """The error to raise where a folder cannot be written to."""
    return InputError(f"the output folder {folder} cannot be written ({reason}); choose another --output.")


def _check_same_run(folder: Path, settings: str) -> None:
    path = folder / "options.json"
    if not folder.is_dir() or (not path.exists() and any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not a run of this program; choose another --output.")
    if path.exists() and path.read_text() != settings:
        ours = json.loads(settings)
        try:
            theirs = dict(json.loads(path.read_text()))
        except (TypeError, ValueError):
            raise UsageError(f"{path} is damaged; choose another --output, or remove the folder.") from None
        differing = sorted(key for key in ours if theirs.get(key) != ours[key])
        if differing:  # none where a run was begun when more options decided
            raise UsageError(
                f"{folder} holds a run with other options ({', '.join(differing)}); give it the same ones to "
                "go on, or choose another --output."
            )


def write_whole(path: Path, text: str) -> None:
    """Writes a file that is never half there."""
    with whole_file(path) as unfinished:
        unfinished.write_text(text)
