"""A proposal that was fine-tuned, and how it compares."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from evaluators.training.candidate import Trained
from search.sampling.proposals import Proposal
from search.statistics.summary import Summary
from spaces.direction import Direction, sign_of

__all__ = ["Finalist"]


@dataclass(frozen=True, slots=True)
class Finalist:
    """A proposal with its fine-tuning runs, one per seed, in the same order of seeds for all finalists.

    direction: in which their metric is better.
    """

    proposal: Proposal
    runs: tuple[Trained, ...] = field(repr=False)
    direction: Direction = "maximize"

    @property
    def finished(self) -> tuple[Trained, ...]:
        """The runs that did not fail."""
        return tuple(run for run in self.runs if run.evaluation.failure is None)

    @property
    def metrics(self) -> list[float | None]:
        """Validation metric of every run, None where it failed."""
        return [run.evaluation.metric for run in self.runs]

    @property
    def summary(self) -> Summary | None:
        """Of the metric over the finished runs; None where all failed."""
        finished = [metric for metric in self.metrics if metric is not None]
        return Summary.of(finished) if finished else None

    @property
    def goodness(self) -> float | None:
        """The mean metric, or minus it where less is better; None where all failed."""
        return sign_of(self.direction) * self.summary.mean if self.summary else None

    @property
    def seconds(self) -> float:
        """Fine-tuning time of all runs, each with its share of its cohort's."""
        return sum(run.evaluation.seconds for run in self.runs)

    @property
    def best_run(self) -> Trained | None:
        """The finished run with the best validation metric, the lower loss on ties."""
        sign = sign_of(self.direction)
        return max(
            self.finished,
            key=lambda run: (sign * (run.evaluation.metric or 0), -(run.evaluation.loss or 0)),
            default=None,
        )

    @property
    def rank(self) -> tuple[int, float, float]:
        """By which finalists are compared: fewest failures, best mean metric, lowest mean loss."""
        losses = [run.evaluation.loss for run in self.finished if run.evaluation.loss is not None]
        loss = sum(losses) / len(losses) if losses else math.inf
        return len(self.finished), -math.inf if self.goodness is None else self.goodness, -loss

    def ahead_of(self, other: Finalist) -> bool:
        """Whether fewer of its runs failed, or as many and the mean metric is better; loss breaks no tie."""
        if self.goodness is None or other.goodness is None or len(self.finished) != len(other.finished):
            return len(self.finished) > len(other.finished)
        return self.goodness - other.goodness > 1e-9  # the same values in another order are equal
