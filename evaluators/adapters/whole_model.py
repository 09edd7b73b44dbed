"""The export that is no adapter any more."""

from __future__ import annotations

from typing import Final

__all__ = ["MERGED"]

MERGED: Final = "merged"
"""What the format is called that is the whole model, with the adapter folded into its weights."""
