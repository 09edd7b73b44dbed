"""A proposal that was fine-tuned, and how it compares."""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.training.candidate import Trained
from search.sampling.proposals import Proposal
from search.statistics.summary import Summary

__all__ = ["Finalist"]


@dataclass(frozen=True, slots=True)
class Finalist:
    """A proposal with its fine-tuning runs, one per seed, in the same order of seeds for all finalists."""

    proposal: Proposal
    runs: tuple[Trained, ...]

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
    def seconds(self) -> float:
        """Fine-tuning time of all runs, each with its share of its cohort's."""
        return sum(run.evaluation.seconds for run in self.runs)

    @property
    def best_run(self) -> Trained | None:
        """The finished run with the best validation metric, the lower loss on ties."""
        return max(
            self.finished, key=lambda run: (run.evaluation.metric, -(run.evaluation.loss or 0)), default=None
        )

    @property
    def rank(self) -> tuple[int, float, float]:
        """By which finalists are compared: fewest failures, best mean metric, lowest mean loss."""
        losses = [run.evaluation.loss for run in self.finished if run.evaluation.loss is not None]
        loss = sum(losses) / len(losses) if losses else float("inf")
        return len(self.finished), self.summary.mean if self.summary else float("-inf"), -loss

    def ahead_of(self, other: Finalist) -> bool:
        """Whether fewer of its runs failed, or as many and the mean metric is higher; loss breaks no tie."""
        if self.summary is None or other.summary is None or len(self.finished) != len(other.finished):
            return len(self.finished) > len(other.finished)
        return self.summary.mean - other.summary.mean > 1e-9  # the same values in another order are equal
