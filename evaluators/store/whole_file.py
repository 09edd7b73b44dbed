"""Files that are never half there, not even after the power has gone."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

__all__ = ["is_unfinished", "sync", "unfinished_path", "whole_file", "write_whole"]

_NOT_OF_FOLDERS: Final = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}
_UNFINISHED: Final = re.compile(r"\..+\.[0-9a-f]{32}\.(part|new|old)(-journal|-wal|-shm)?", re.DOTALL)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write first: a file beside ``path`` that takes its place once the block has ended well.

    It takes its place once its bytes are on the disk, and the name is on the disk when this returns. Where
    the block fails nothing is left of it; what a killed process leaves is told by ``is_unfinished``.
    """
    unfinished = unfinished_path(path, "part")
    try:
        yield unfinished
        sync(unfinished)
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync(path.parent)


def write_whole(path: Path, text: str) -> None:
    """Writes a text file that is never half there."""
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def unfinished_path(path: Path, role: str) -> Path:
    """A name beside ``path`` that nobody else has. role: ``part``, ``new`` or ``old``."""
    return path.with_name(f".{path.name}.{uuid4().hex}.{role}")


def is_unfinished(name: str) -> bool:
    """Whether ``unfinished_path`` gave a file or folder its name, so that it means nothing by itself.

    So do SQLite's files beside a database of such a name.
    """
    return _UNFINISHED.fullmatch(name) is not None


def sync(path: Path) -> None:
    """Returns once the bytes of a file, or the names in a folder, are on the disk.

    Some network file systems cannot be asked for the names; there nothing better can be done.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_OF_FOLDERS or not path.is_dir():
            raise
    finally:
        os.close(descriptor)
