"""One entry of a corpus' file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["CorpusEntry"]

CorpusEntry = Mapping[str, Any]
"""A row of a table by its columns, or an object of a JSON document."""
