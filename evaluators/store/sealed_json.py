"""JSON files that carry a checksum of what they say, so that damage is found and named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .whole_file import whole_file

__all__ = ["DamagedFileError", "read_sealed", "write_sealed"]

_SEAL: Final = "sha256"


class DamagedFileError(Exception):
    """A file is not what was written under its name; the message names it and says why."""


def write_sealed(path: Path, content: Mapping[str, object], *, indent: int | None = None) -> None:
    """Writes an object with its checksum under the key ``sha256``, whole or not at all."""
    text = json.dumps({**content, _SEAL: _digest(content)}, indent=indent)
    with whole_file(path) as unfinished:
        unfinished.write_text(text)


def read_sealed(path: Path) -> dict[str, Any]:
    """What ``write_sealed`` was given, as JSON has it; raises DamagedFileError on anything else."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise DamagedFileError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"{path} is damaged: it is no JSON ({error})") from None
    if not isinstance(content, dict) or _SEAL not in content:
        raise DamagedFileError(f"{path} is damaged: it has no checksum")
    if content.pop(_SEAL) != _digest(content):
        raise DamagedFileError(f"{path} is damaged: its checksum differs")
    return content


def _digest(content: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
