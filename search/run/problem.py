"""What is settled before a search begins, whoever answers for its allocations."""

from __future__ import annotations

from dataclasses import dataclass, field

from spaces.search_space import SearchSpace
from spaces.site import Site

from .training_record import TrainingRecord
from .verdict import Judged

__all__ = ["Problem"]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A space, a budget, and what finalists are judged by.

    Args:
        title: the space as people know it.
        space: the sites and the ranks to choose from.
        max_params: the budget, in parameters.
        judged: what the metric is of.
        seeds: of every finalist's runs, ascending.
        positive_label: that the metric is of, where it is of one.
        notes: sentences without which its numbers may be misread.
        task: what the data is called.
        beside: sites outside of the space that a baseline may have.
        training: how every run is trained; None where a table answers for the runs.
        evaluator: what answers in place of fine-tuning, "supernet" or "table"; None where each is fine-tuned.
        untrained: sentences that say so.
    """

    title: str
    space: SearchSpace = field(repr=False)
    max_params: int
    judged: Judged
    seeds: tuple[int, ...]
    positive_label: str | None = None
    notes: tuple[str, ...] = ()
    task: str = ""
    beside: tuple[Site, ...] = field(default=(), repr=False)
    training: TrainingRecord | None = None
    evaluator: str | None = None
    untrained: tuple[str, ...] = ()

    @property
    def drawn_space(self) -> SearchSpace:
        """All that an allocation may have, for pictures."""
        return SearchSpace((*self.space.sites, *self.beside), self.space.ranks)
