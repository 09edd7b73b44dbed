"""What a search asks of whoever answers for its allocations: by fine-tuning, or from a table of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from evaluators.adapters.story import Story
from evaluators.training.candidate import Trained
from proxies.site_scores import SiteScores
from search.job.progress import Progress
from search.sampling.proposals import Proposal, StandsFor

from .finalist import Finalist
from .problem import Problem
from .result import Conclusion

__all__ = ["Oracle"]


class Oracle(Protocol):
    """Knows the problem of a search, scores its sites and gives the runs of its finalists.

    Everything that can be refused was refused when it was built.
    """

    @property
    def problem(self) -> Problem: ...

    def announce(self, folder: Path) -> None:
        """Logs what was chosen, defaults and all. folder: where results go."""

    def score(self, proxies: Sequence[str] | None, progress: Progress) -> list[SiteScores]:
        """Scores of all sites by these proxies; by default, by those of the defaults there are."""

    @property
    def stands_for(self) -> StandsFor:
        """Says which allocation stands for the one given."""

    def runs(
        self, proposals: Sequence[Proposal], folder: Path, progress: Progress
    ) -> list[tuple[Trained, ...]]:
        """The runs of proposals that ``stands_for`` gave: one per seed of each, in the same order of seeds
        for all of them. folder: keeps what has finished."""

    def conclude(
        self, winner: Finalist, baseline: Finalist, folder: Path, progress: Progress
    ) -> Conclusion | None:
        """Tests both on rows used here alone, where there are such rows. winner: with a run that finished.
        folder: keeps what they write, where they are asked to."""

    def save(self, run: Trained, folder: Path, story: Story) -> None:
        """Writes what a run trained as an adapter; raises InputError where it has no weights."""
