"""Files of published corpora, which stand beside a checkout where somebody has put them there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

_FOLDER: Final = Path(__file__).parent.parent.parent / "shared" / "text"


def shared_text(name: str) -> Path:
    """A file such as ``e2e/devel.csv``; skips the test where it is not there."""
    path = _FOLDER / name
    if not path.is_file():
        pytest.skip(f"../shared/text/{name} is not there, and it is never copied into the repository")
    return path
