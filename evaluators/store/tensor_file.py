"""Files of named tensors, whole or absent, told from damaged ones by a checksum that is kept elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor

from .sealed_json import DamagedFileError
from .whole_file import whole_file

__all__ = ["read_tensor_file", "write_tensor_file"]


def write_tensor_file(path: Path, tensors: Mapping[str, Tensor]) -> str:
    """Writes a safetensors file whole or not at all; the SHA-256 of its bytes."""
    content = save(dict(tensors))
    with whole_file(path) as unfinished:
        unfinished.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def read_tensor_file(path: Path, digest: str) -> dict[str, Tensor]:
    """The tensors of a file of this SHA-256; raises DamagedFileError where it is of another, or not there."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedFileError(f"{path} cannot be read ({error.strerror})") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise DamagedFileError(f"{path} is damaged: its checksum differs")
    return load(content)
