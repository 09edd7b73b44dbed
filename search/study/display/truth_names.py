"""What the two truths are called wherever a person reads of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..judging.report_card import Truth

__all__ = ["TRUTH_NAMES"]

TRUTH_NAMES: Final[Mapping[Truth, str]] = {"metric": "metric", "loss": "minus validation loss"}
