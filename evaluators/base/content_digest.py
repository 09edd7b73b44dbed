"""What a file or a model is, told by its bytes and never by its time stamps."""

from __future__ import annotations

import hashlib
import logging
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from huggingface_hub import try_to_load_from_cache
from huggingface_hub.errors import HFValidationError

from spaces.errors import InputError

from .weight_index import INDEX, indexed_files

__all__ = ["file_digest", "model_digests", "model_state"]

_NEVER_READ: Final = (
    *(".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".onnx", ".ot", ".tflite", ".gguf"),
    *(".md", ".pdf", ".png", ".jpg"),
)
_LARGE: Final = 200_000_000  # bytes, which take about a second
_log = logging.getLogger(__name__)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, read once a process as long as nothing has touched the file."""
    return _digest(path, _touched(path))


def _touched(path: Path) -> tuple[int, ...]:
    """What changes where anybody writes a file."""
    found = os.stat(path)
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@cache
def _digest(path: Path, touched: tuple[int, ...]) -> str:
    size = touched[2]
    if size > _LARGE:
        _log.info("checking the bytes of %s (%.1f GB)", path, size / 1e9)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_digests(path_or_name: str) -> dict[str, str]:
    """Of each file of a model that may decide what it computes: its weights, config and tokenizer.

    These are the files that its index of weights names, and all in its folder itself but hidden ones, weights
    in formats that are not read, and what people read: tokenizers' files have any name. By path within the
    folder; of a local folder the SHA-256 of each. Of a name on the hub what the hub calls the bytes of the
    cached snapshot that is loaded, so that gigabytes are not read again; empty where nothing is cached.
    """
    folder = Path(path_or_name)
    if folder.is_dir():
        return {name: file_digest(folder / name) for name in _files(folder)}
    try:
        config = try_to_load_from_cache(path_or_name, "config.json")
    except HFValidationError:  # no name that the hub could have
        return {}
    if not isinstance(config, str):
        return {}
    snapshot = Path(config).parent
    return {name: _blob(snapshot, name) for name in _files(snapshot)}


def model_state(path_or_name: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """What changes where anybody writes into a model's folder, without reading it; nothing of a hub name."""
    folder = Path(path_or_name)
    return tuple((name, _touched(folder / name)) for name in _files(folder)) if folder.is_dir() else ()


def _blob(snapshot: Path, name: str) -> str:
    """The name of a blob, given by content; the commit where the cache has no links to blobs."""
    blob = (snapshot / name).resolve()
    return blob.name if blob.parent.name == "blobs" else snapshot.name


def _files(folder: Path) -> list[str]:
    """Those that can be read; a file that cannot be is its reader's to refuse."""
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    named = {name for name in names if Path(name).suffix not in _NEVER_READ}
    with suppress(InputError):  # whoever loads the model refuses that index
        named.update(indexed_files(folder / INDEX))
    return sorted(name for name in named if (folder / name).is_file() and os.access(folder / name, os.R_OK))
