"""What two candidates that share their seeds differ by, and whether that shows anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from spaces.direction import Direction, sign_of

from .finite_sample import finite_sample
from .holm import holm
from .interval import Interval

__all__ = ["LEVEL", "PairedDifference", "holm_corrected"]

LEAST_SEEDS: Final = 3
_ROUNDING: Final = 1e-12  # of the largest metric; differences no further apart than this are equal
LEVEL: Final = 0.05
"""Of significance, for every p-value once Holm has corrected it."""


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Of two candidates' metrics, seed by seed: the mean of a - b over the seeds that both finished.

    interval: 95 %, Student's t over these seeds. p_value: two-sided, of the paired t test; None from one
    seed. of_seeds: the differences themselves. p_holm: the p-value corrected for all differences that are
    asked about together (``holm_corrected``, ``the_best_of``); of one that is asked alone, the p-value
    itself. failed: seeds on which a alone failed, and b alone, so that the others may flatter it.

    >>> a, b = [0.83, 0.86, 0.84, None], [0.82, 0.83, 0.82, 0.9]
    >>> found = PairedDifference.of(a, b)
    >>> round(found.interval.mean, 4), len(found.of_seeds), found.shown
    (0.02, 3, False)
    """

    interval: Interval
    p_value: float | None
    of_seeds: tuple[float, ...]
    p_holm: float | None
    failed: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, a: Sequence[float | None], b: Sequence[float | None]) -> PairedDifference | None:
        """a[i] - b[i] over the seeds i that neither failed (None); None where there is none.

        Differences that are all equal, from two on, have no interval either: nothing tells how they vary.
        Raises ValueError where the lengths differ or a value is not finite.
        """
        pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
        if not pairs:
            return None
        ours, theirs = (
            finite_sample(name, [pair[side] for pair in pairs]) for side, name in enumerate(("a", "b"))
        )
        differences = ours - theirs
        all_equal = bool(np.ptp(differences) <= _ROUNDING * np.abs([ours, theirs]).max())
        interval, p_value = _t_test(differences, all_equal=all_equal)
        alone = [(x is None, y is None) for x, y in zip(a, b, strict=True)]
        failed = alone.count((True, False)), alone.count((False, True))
        return cls(interval, p_value, tuple(differences.tolist()), p_value, failed)

    def the_best_of(self, count: int) -> PairedDifference:
        """The same where a was chosen among so many, with others of these seeds' runs in view."""
        return self if self.p_value is None else replace(self, p_holm=min(1.0, count * self.p_value))

    def won(self, direction: Direction) -> bool:
        """Whether a is shown to be the better of the two, and failed on no seed that b finished."""
        return self.shown and self.gain(direction) > 0 and not self.failed[0]

    def lost(self, direction: Direction) -> bool:
        """Whether b is shown to be the better of the two, and failed on no seed that a finished."""
        return self.shown and self.gain(direction) < 0 and not self.failed[1]

    def gain(self, direction: Direction) -> float:
        """By how much a is the better of the two, on the mean; negative where b is."""
        return sign_of(direction) * self.interval.mean

    def rank(self, direction: Direction) -> tuple[bool, bool, float]:
        """By which differences to one baseline are compared: those shown to be a gain first, then those of
        enough seeds to show anything, then the larger gain."""
        return self.won(direction), len(self.of_seeds) >= LEAST_SEEDS, self.gain(direction)

    @property
    def doubt(self) -> str | None:
        """Why it shows nothing, to end a sentence with; None where it does show a difference.

        Empty where it is merely within chance, by ``p_holm``. Nothing is shown by fewer than three seeds,
        or by differences that are all equal, which come of a metric's coarse steps.
        """
        if len(self.of_seeds) < LEAST_SEEDS:
            return f", too few to show anything ({LEAST_SEEDS} or more may)"
        if self.interval.low is None:
            return ", the same for all, as a metric's coarse steps can give"
        return None if self.p_holm is not None and self.p_holm < LEVEL else ""

    @property
    def shown(self) -> bool:
        """Whether a and b are shown to differ, in either direction."""
        return self.doubt is None


def holm_corrected(family: Sequence[PairedDifference]) -> list[PairedDifference]:
    """The same, each with ``p_holm`` for all of them together; one seed has no p-value to correct."""
    corrected = iter(holm([one.p_value for one in family if one.p_value is not None]))
    return [one if one.p_value is None else replace(one, p_holm=next(corrected)) for one in family]


def _t_test(differences: np.ndarray, *, all_equal: bool) -> tuple[Interval, float | None]:
    """The mean with its bounds, and the p-value of Student's t test that it is 0.

    Of one difference the mean alone; of equal ones without bounds, and the p-value is 1.
    """
    mean = float(differences.mean())
    if len(differences) < 2 or all_equal:
        return Interval(mean, None, None), None if len(differences) < 2 else 1.0
    from scipy import stats  # takes a while, and who prints what is known needs none of it

    test = stats.ttest_1samp(differences, 0.0)
    low, high = test.confidence_interval(0.95)
    return Interval(mean, float(low), float(high)), float(test.pvalue)
