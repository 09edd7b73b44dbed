"""What a study found out in one stratum: about every proxy, and about every allocation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from evaluators.data.report_on import ReportOn
from evaluators.store.benchmark_entry import StratumKind
from search.statistics.paired import PairedDifference
from search.study.origin import Origin

from .report_card import ReportCard

__all__ = ["Contest", "StratumReport", "Truth"]

Truth = Literal["metric", "loss"]
"""What allocations are judged by, as a mean over seeds: the task's metric, or the loss."""


@dataclass(frozen=True, slots=True)
class Contest:
    """An allocation against the uniform one of the same stratum, seed by seed.

    origins: who drew it. truth: its mean over the seeds that finished. difference:
    its truth minus that of uniform, over the seeds that both finished, corrected for the number of contests.

    >>> apart = PairedDifference.of([0.71, 0.73], [0.70, 0.71])
    >>> Contest((Origin.read("snip/greedy"),), 0.72, apart).won
    False
    """

    origins: tuple[Origin, ...]
    truth: float
    difference: PairedDifference

    @property
    def won(self) -> bool:
        """Whether it is shown to beat the uniform one, however many others were tried."""
        return self.difference.won("maximize")

    def to_json(self) -> dict[str, object]:
        """A JSON object; who drew it is a text there."""
        apart = self.difference
        return {
            "origins": [*map(str, self.origins)],
            "truth": self.truth,
            "difference": asdict(apart.interval),
            "p_holm": apart.p_holm,
        }


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
    stratum has no uniform allocation or is pooled. metric: the task's, as a person must know it. kind: of the
    stratum; None of what is pooled. rows: that metric and loss are of.
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
    kind: StratumKind | None = "budget"
    rows: ReportOn = "validation"

    @property
    def truth_name(self) -> str:
        """What it judges by, in words: the metric, or minus the loss, since more is better."""
        return self.metric if self.truth == "metric" else self.truth_on_rows

    @property
    def truth_on_rows(self) -> str:
        """The same with the rows that it is of: test accuracy, minus validation perplexity."""
        _, minus, title = (self.metric if self.truth == "metric" else "minus loss").rpartition("minus ")
        return f"{minus}{self.rows} {title}"

    @property
    def regret_unit(self) -> str:
        """What regret, which is above 0 either way, is measured in: of what is pooled, ranks in [0, 1]."""
        return "rank within a stratum" if self.kind is None else self.truth_name.removeprefix("minus ")

    def to_json(self) -> dict[str, object]:
        """A JSON object."""
        return {**asdict(self), "contests": [one.to_json() for one in self.contests]}
