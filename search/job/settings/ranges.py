"""Numbers that several settings may be."""

from __future__ import annotations

from typing import Final

from search.job.option import Range

__all__ = ["COUNTS", "LEARNING_RATES", "SEEDS"]

COUNTS: Final = Range(1, 10_000)
"""Of seeds, rows of a batch, finalists."""
SEEDS: Final = Range(0, 1_000_000_000)  # with all that is added to one below NumPy's 2**32
LEARNING_RATES: Final = Range(0, 1e30, exclusive=True)  # which float32 can still hold
