"""Writing a folder whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError

from spaces.errors import InputError

from .whole_file import sync, unfinished_path

__all__ = ["replace_folder"]


def replace_folder(folder: Path, write: Callable[[Path], None], *, files: Collection[str]) -> None:
    """Calls ``write`` with a new folder beside ``folder`` and, once that is whole and on the disk, puts it
    in its place.

    files: the names that may stand in ``folder`` already, and are replaced. Raises InputError where it
    holds others, which would be lost, and where it cannot be written.
    """
    folder = folder.resolve()
    missing_parents = [parent for parent in folder.parents if not parent.exists()]
    new, old = (unfinished_path(folder, role) for role in ("new", "old"))
    try:
        if folder.exists() and (foreign := sorted({path.name for path in folder.iterdir()} - set(files))):
            raise InputError(
                f"{folder} holds {foreign[:3]}, which would be lost; choose a new or empty folder."
            )
        new.mkdir(parents=True)
        write(new)
        for path in (*new.rglob("*"), new):
            sync(path)
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
        sync(folder.parent)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{folder} cannot be written ({error}); choose another folder.") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)
        if not folder.exists():
            for parent in missing_parents:
                with suppress(OSError):
                    parent.rmdir()
    shutil.rmtree(old, ignore_errors=True)
