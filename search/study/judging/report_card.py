"""What a study found out about one proxy.

A study trains many allocations of the same budget. Every proxy (a cheap score) had its say before: the higher
the score, the better it expects the allocation to train. The *truth* is how well each one did train. A report
card says how well the two orders agree, how sure that is, and what somebody would have found who trained only
the proxy's favourites. Its fields are the keys of ``report.json``.
"""

from __future__ import annotations

from dataclasses import dataclass

from search.statistics.paired import LEVEL

__all__ = ["Estimate", "ReportCard", "TopK"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the bounds within which it would lie in 95 of 100 studies like this one.

    value: None where the number does not exist: nothing correlates with a proxy that scores all alike. low,
    high: of the bootstrap over allocations and seeds; None where there are too few of them.

    >>> Estimate(0.47, 0.02, 0.76).above_zero, Estimate(0.24, -0.22, 0.70).above_zero
    (True, False)
    """

    value: float | None
    low: float | None
    high: float | None

    @property
    def above_zero(self) -> bool:
        """Whether all of the interval lies above 0."""
        return self.low is not None and self.low > 0


@dataclass(frozen=True, slots=True)
class TopK:
    """What training only the k allocations of highest score would have found.

    precision: the share of them that are among the k truly best, in [0, 1]. regret: how far the best of them
    stays behind the best of all, in the truth's units, 0 or more. best_rank: the true place of the best of
    them, 1 being the best of all. Where scores tie, the k are drawn at random and these are expectations;
    where truths tie, each counts as the better one.
    """

    k: int
    precision: Estimate
    regret: Estimate
    best_rank: Estimate


@dataclass(frozen=True, slots=True)
class ReportCard:
    """One proxy against one truth: how well its order is the true one, and whether that may be chance.

    spearman, kendall, pearson: correlations with the mean truth over seeds, in [-1, 1] (Kendall's is tau-b);
    Spearman's decides, the others are for comparison.
    over_params: how much larger Spearman's is than that of counting parameters, which costs nothing.
    partial: Spearman's correlation that is left once the count is known. Both are None where all allocations
    cost the same within 1 %.
    over_spread: the same lead over the proxy ``spread``, which only says how widely an allocation is spread
    over the sites; None where that was not scored or is the same for all.
    of_ceiling: Spearman's as a share of the noise ceiling (``StratumReport``); None where that is 0.
    p_holm: how often chance alone would give a correlation as far from 0, by permutation, corrected for the
    number of proxies.
    significant: whether the proxy is shown to order allocations better than chance: p_holm is below 0.05,
    which holds for these seeds, and the interval of Spearman's, which allows for others, is above 0.
    at_k: for several k, ascending.
    """

    proxy: str
    spearman: Estimate
    kendall: Estimate
    pearson: Estimate
    over_params: Estimate | None
    partial: Estimate | None
    over_spread: Estimate | None
    of_ceiling: Estimate | None
    p_holm: float
    significant: bool
    at_k: tuple[TopK, ...]

    @property
    def backwards(self) -> bool:
        """Whether the proxy is shown to order allocations the wrong way round: p_holm is below 0.05, and the
        interval of Spearman's is below 0."""
        return self.p_holm < LEVEL and self.spearman.high is not None and self.spearman.high < 0
