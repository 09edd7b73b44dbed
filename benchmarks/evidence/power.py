"""What a number of paired seeds can show."""

from __future__ import annotations

import math

from scipy import optimize, stats

__all__ = ["least_difference"]


def least_difference(sd: float, *, seeds: int, tests: int = 1, power: float = 0.8) -> float:
    """The true mean difference that a two-sided paired t test at 5 % shows with this probability.

    Args:
        sd: of the paired differences.
        seeds: pairs.
        tests: contrasts of which the level is shared out (Bonferroni; Holm shows a little more).
        power: probability that the p-value is below its share.

    >>> round(least_difference(0.005, seeds=8), 4)
    0.0058
    """
    bound = float(stats.t.ppf(1 - 0.025 / tests, df=seeds - 1))

    def lacking(effect: float) -> float:
        centre = effect * math.sqrt(seeds)
        return float(stats.nct.sf(bound, seeds - 1, centre)) - power  # the other side is below 1e-4 there

    enough = 1.0
    while lacking(enough) < 0:
        enough *= 2
    return sd * float(optimize.brentq(lacking, 0.0, enough))
