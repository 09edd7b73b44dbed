"""What a study says about each proxy: values only, so that statistics, page and plots share them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from search.statistics.interval import Interval

__all__ = ["AtK", "Card", "Contest", "Estimate", "StratumReport", "Truth"]

Truth = Literal["metric", "loss"]
"""What allocations are judged by, as a mean over seeds: the task's metric, or minus the validation loss."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its 95 % bootstrap interval; None where it is undefined (a constant side)."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class AtK:
    """What training only the proxy's k best allocations finds; ties in score at expectation, in truth for it.

    precision: share of them that are among the k truly best. regret: the best truth of all minus the
    best truth among them, in the truth's units, >= 0. best_rank: true place of the best of them, 1 the best.
    """

    k: int
    precision: Estimate
    regret: Estimate
    best_rank: Estimate


@dataclass(frozen=True, slots=True)
class Card:
    """One proxy's report card in one stratum, against one truth.

    spearman, kendall, pearson: with the mean truth over seeds; kendall is tau-b. over_params: Spearman
    minus that of the parameter count, None where all allocations cost the same within 1 %. partial:
    Spearman's partial correlation given the parameter count, None likewise. over_spread: Spearman minus
    that of the proxy ``spread``, None where that was not scored or is the same for all. of_ceiling:
    Spearman as a fraction of the noise ceiling, None where either is undefined or the ceiling is 0.
    p_value: two-sided, of Spearman, by permutation; p_holm: corrected for the number of proxies.
    significant: p_holm < 0.05, which takes the seeds as they are, and the whole interval of Spearman,
    which does not, above 0.
    """

    proxy: str
    spearman: Estimate
    kendall: Estimate
    pearson: Estimate
    over_params: Estimate | None
    partial: Estimate | None
    over_spread: Estimate | None
    of_ceiling: Estimate | None
    p_value: float
    p_holm: float
    significant: bool
    at_k: tuple[AtK, ...]


@dataclass(frozen=True, slots=True)
class Contest:
    """An allocation against the uniform one of the same stratum, paired by seed.

    origins: who drew it. truth: mean over the seeds that finished. difference: ours minus uniform's, with
    its 95 % t interval, over the seeds that both finished. p_holm: of its two-sided paired t test, corrected
    for the number of contests; None from fewer than two seeds.
    """

    origins: tuple[str, ...]
    truth: float
    difference: Interval
    p_holm: float | None

    @property
    def won(self) -> bool:
        """Whether it beats the uniform one, however many others were tried."""
        return self.difference.mean > 0 and self.p_holm is not None and self.p_holm < 0.05


@dataclass(frozen=True, slots=True)
class StratumReport:
    """All cards of one stratum (or of all pooled) against one truth.

    allocations, seeds: how many the statistics stand on. failed: allocations left out since a run of
    theirs failed. reliability: of the mean truth over seeds, in [0, 1]: split halves of the seeds, stepped up
    by Spearman-Brown. ceiling: its square root, the Spearman that a perfect proxy would reach on average;
    both None with one seed, fewer than 3 allocations or a constant truth. cards: by Spearman, the best first.
    contests: by truth, the best first; none where the stratum has no uniform allocation or is pooled.
    metric: what a person must know the task's metric by: its name and whose F1 it is.
    """

    stratum: str
    truth: Truth
    allocations: int
    seeds: int
    failed: int
    reliability: float | None
    ceiling: float | None
    cards: tuple[Card, ...]
    contests: tuple[Contest, ...]
    metric: str = "metric"
