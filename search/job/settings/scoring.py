"""What can be chosen of the proxies' measurements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from search.job.option import Range, check_settings, option
from spaces.memory_size import MemorySize, memory_given

from .ranges import COUNTS

__all__ = ["SCORING_BATCHES", "ScoringSettings"]

SCORING_BATCHES: Final = Range(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """What proxies look at."""

    scoring_batches: int = option(
        32,
        "batches of training rows that proxies look at",
        metavar="N",
        between=SCORING_BATCHES,
        rare=True,
    )
    scoring_batch_size: int = option(16, "rows of such a batch", metavar="N", between=COUNTS, rare=True)
    warm_up_steps: int = option(
        24,
        "of the super-network that proxies at the point warm train first, one batch each",
        metavar="N",
        between=Range(1, 1_000_000),
        rare=True,
    )
    scoring_memory: str | None = option(
        None,
        "kept of the sites' gradients at a time, 500MB, 2GB or 10% of the base model: what does not fit is "
        "sketched, or measured for some sites after others; what is worked with, a few copies of the "
        "largest gradient, comes besides",
        metavar="M",
        default_text="200MB where that holds them all, else 10%",
        rare=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        _ = self.memory

    @property
    def memory(self) -> MemorySize | None:
        """``scoring_memory`` as measurements take it."""
        return memory_given(self.scoring_memory)
