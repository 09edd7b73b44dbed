"""What a file or a model is, told by its bytes and never by its time stamps."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Final

from huggingface_hub import try_to_load_from_cache
from huggingface_hub.errors import HFValidationError

__all__ = ["file_digest", "model_digests"]

_OF_A_MODEL: Final = ("*.safetensors", "*.json", "vocab.txt", "merges.txt", "*.model")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, read once a process as long as nothing has touched the file."""
    found = os.stat(path)
    touched = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return _digest(path, touched)


@cache
def _digest(path: Path, touched: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_digests(path_or_name: str) -> dict[str, str]:
    """Of each file of a model that decides what it computes: its weights, config and tokenizer.

    By name; of a local folder the SHA-256 of each. Of a name on the hub what the hub calls the bytes of the
    cached snapshot that is loaded, so that gigabytes are not read again; empty where nothing is cached.
    """
    folder = Path(path_or_name)
    if folder.is_dir():
        return {path.name: file_digest(path) for path in _files(folder)}
    try:
        config = try_to_load_from_cache(path_or_name, "config.json")
    except HFValidationError:  # no name that the hub could have
        return {}
    if not isinstance(config, str):
        return {}
    return {path.name: _blob(path) for path in _files(Path(config).parent)}


def _blob(path: Path) -> str:
    """The name of a blob, given by content; the commit where the cache has no links to blobs."""
    blob = path.resolve()
    return blob.name if blob.parent.name == "blobs" else path.parent.name


def _files(folder: Path) -> list[Path]:
    return sorted({path for pattern in _OF_A_MODEL for path in folder.glob(pattern) if path.is_file()})
