"""The folder of one run: made before work begins, gone on with after an interruption."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from spaces.errors import InputError, UsageError

from .options import Options

__all__ = ["output_folder", "write_whole"]

_PLACE_ONLY = ("output", "json", "quiet", "device", "devices", "jobs", "threads")  # decide no result


@contextmanager
def output_folder(options: Options) -> Iterator[Path]:
    """The run's folder, with the options that decide its results in ``options.json``.

    A folder that holds an interrupted run of the same options is used again. Raises UsageError where
    it holds something else, InputError where it cannot be written. A run that fails on its input
    leaves no new folder behind.
    """
    folder = options.output or Path("runs") / time.strftime("%Y-%m-%d_%H-%M-%S")
    decisive = {name: value for name, value in asdict(options).items() if name not in _PLACE_ONLY}
    settings = json.dumps(decisive, indent=2, default=str)
    fresh = not folder.exists()
    try:
        if not fresh:
            _check_same_run(folder, settings)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "options.json", settings)
    except OSError as error:
        raise InputError(
            f"the output folder {folder} cannot be written ({error.strerror}); choose another --output."
        ) from None
    try:
        yield folder
    except InputError:
        if fresh:
            shutil.rmtree(folder)
        raise


def _check_same_run(folder: Path, settings: str) -> None:
    path = folder / "options.json"
    if not folder.is_dir() or (not path.exists() and any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not a run of this program; choose another --output.")
    if path.exists() and path.read_text() != settings:
        theirs, ours = json.loads(path.read_text()), json.loads(settings)
        differing = sorted(key for key in ours if theirs.get(key) != ours[key])
        raise UsageError(
            f"{folder} holds a run with other options ({', '.join(differing)}); give it the same ones to go "
            "on, or choose another --output."
        )


def write_whole(path: Path, text: str) -> None:
    """Writes a file that is never half there."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text)
    os.replace(unfinished, path)
