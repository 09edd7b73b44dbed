"""What a search asks of whoever answers for its allocations: by fine-tuning, or from a table of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evaluators.training.candidate import Trained
from proxies.site_scores import SiteScores
from search.sampling.proposals import Answers
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace

from .finalist import Finalist
from .result import Conclusion
from .verdict import Judged

__all__ = ["Evaluator", "Setting"]


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What is settled before a search begins.

    title: the space as people know it. max_params: the budget, in parameters. judged: what the metric is of.
    seeds: of every finalist's runs, ascending. positive_label: that the metric is of, where it is of one.
    notes: sentences without which its numbers may be misread.
    """

    title: str
    space: SearchSpace
    max_params: int
    judged: Judged
    seeds: tuple[int, ...]
    positive_label: str | None = None
    notes: tuple[str, ...] = ()


class Evaluator(Protocol):
    """Settles a search, scores its space and gives the runs of its finalists.

    Built from the options, when it raises UsageError or InputError on what cannot be used.
    """

    @property
    def setting(self) -> Setting: ...

    def announce(self, output: Path) -> None:
        """Logs what was chosen, defaults and all."""

    def score(self) -> list[SiteScores]:
        """Scores of all sites by the proxies asked for; by default, by those of the defaults there are."""

    @property
    def answer(self) -> Answers:
        """Says which allocation stands for the one given."""

    def evaluate(self, allocations: Sequence[Allocation], output: Path) -> list[tuple[Trained, ...]]:
        """The runs of each allocation, a run per seed; the allocations are ones that ``answer`` gave."""

    def conclude(self, winner: Finalist, baseline: Finalist, output: Path) -> Conclusion | None:
        """Tests both on rows used here alone and saves the winner's best run, where there are such things.

        winner: with a run that finished.
        """
