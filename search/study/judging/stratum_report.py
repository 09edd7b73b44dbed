"""What a study found out in one stratum: about every proxy, and about every allocation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from search.statistics.interval import Interval
from search.study.origin import Origin

from .report_card import ReportCard

__all__ = ["Contest", "StratumReport", "Truth"]

Truth = Literal["metric", "loss"]
"""What allocations are judged by, as a mean over seeds: the task's metric, or the validation loss."""


@dataclass(frozen=True, slots=True)
class Contest:
    """An allocation against the uniform one of the same stratum, seed by seed.

    origins: who drew it. truth: its mean over the seeds that finished. difference:
    its truth minus that of uniform, over the seeds that both finished, with a 95 % t interval. p_holm: of the
    paired t test, corrected for the number of contests; None from one seed.

    >>> Contest((Origin.read("snip/greedy"),), 0.71, Interval(0.02, 0.01, 0.03), p_holm=0.3).won
    False
    """

    origins: tuple[Origin, ...]
    truth: float
    difference: Interval
    p_holm: float | None

    @property
    def won(self) -> bool:
        """Whether it beats the uniform one, however many others were tried."""
        return self.difference.mean > 0 and self.p_holm is not None and self.p_holm < 0.05


@dataclass(frozen=True, slots=True)
class StratumReport:
    """Every proxy's report card in one stratum, or in several pooled, against one truth.

    A stratum is what may be compared: allocations of one budget, trained with one scaling and learning rate.

    allocations, seeds: how many the statistics stand on. failed: allocations left out since a run of theirs
    failed. reliability: how well the mean truth over these seeds would be repeated by as many others, in
    [0, 1]: the agreement of two halves of the seeds, stepped up by Spearman and Brown's formula. ceiling: its
    root, the *noise ceiling*: the Spearman correlation that a perfect proxy would reach on average. Both are
    None with one seed, fewer than 3 allocations or a truth that is the same for all.
    cards: by Spearman's correlation, the best first. contests: by truth, the best first; none where the
    stratum has no uniform allocation or is pooled. metric: the task's, as a person must know it.
    """

    stratum: str
    truth: Truth
    allocations: int
    seeds: int
    failed: int
    reliability: float | None
    ceiling: float | None
    cards: tuple[ReportCard, ...]
    contests: tuple[Contest, ...]
    metric: str = "metric"

    @property
    def truth_name(self) -> str:
        """What it judges by, in words: the metric, or minus the loss, since more is better."""
        return self.metric if self.truth == "metric" else "minus validation loss"

    def to_json(self) -> dict[str, object]:
        """A JSON object; who drew an allocation is a text there."""
        contests = [{**asdict(one), "origins": [*map(str, one.origins)]} for one in self.contests]
        return {**asdict(self), "contests": contests}
